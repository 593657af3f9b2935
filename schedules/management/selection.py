"""What the arguments of a command name: a schedule, targets of it, an acting user."""

from __future__ import annotations

import os
from collections.abc import Sequence

from instances.models import User
from schedules.management.shell_command import not_found, usage
from schedules.models import Schedule, Target

ACTOR_VARIABLE = "AMC_CLI_USER"
# Of PostgreSQL's bigint.
_LARGEST_ID = 2**63 - 1


def named_schedule(text: str) -> Schedule:
    """By its id, else by its exact name. Raises CommandError."""
    kept = Schedule.objects.filter(deleted_at=None).select_related(
        "workflow__version", "owner"
    )
    by_id = kept.filter(pk=int(text)).first() if is_id(text) else None
    if by_id:
        return by_id
    named = list(kept.filter(name=text).order_by("pk")[:10])
    if not named:
        raise not_found(f"There is no schedule “{text}”.")
    if len(named) > 1:
        ids = ", ".join(str(each.pk) for each in named)
        raise usage(f"Several schedules are named “{text}”; give one of the ids {ids}.")
    return named[0]


def named_targets(schedule: Schedule, texts: Sequence[str]) -> list[Target]:
    """By AMC's instance id, our target id, or the instance's exact name.

    Raises CommandError.
    """
    kept = schedule.targets.filter(deleted_at=None).select_related("instance")
    targets = list(kept.order_by("pk"))
    return [_named_target(targets, text) for text in dict.fromkeys(texts)]


def acting_user(name: str | None, schedule: Schedule) -> tuple[User, str]:
    """Who acts, and why it is they: `--as`, AMC_CLI_USER, else the owner.

    Raises CommandError for a name that nobody has, and when they cannot see the
    schedule, which then does not exist for them.
    """
    from_environment = os.environ.get(ACTOR_VARIABLE, "")
    if not (chosen := name or from_environment):
        return schedule.owner, "the schedule's owner"
    user = User.objects.filter(username=chosen).first()
    if user is None:
        raise not_found(f"There is no user “{chosen}”.")
    if not Schedule.objects.visible_to(user).filter(pk=schedule.pk).exists():
        raise not_found(f"There is no schedule {schedule.pk} for {chosen}.")
    return user, "by --as" if name else f"by {ACTOR_VARIABLE}"


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _LARGEST_ID


def _named_target(targets: Sequence[Target], text: str) -> Target:
    for matching in (
        [each for each in targets if each.instance.instance_id == text],
        [each for each in targets if str(each.pk) == text],
        [each for each in targets if each.instance.name == text],
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            ids = ", ".join(each.instance.instance_id for each in matching)
            raise usage(f"Several instances are named “{text}”: {ids}.")
    raise not_found(f"The schedule has no target “{text}”.")
