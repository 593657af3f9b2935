"""Every waiting time of the product, in one table. Names follow what is waited for.

Fault tests and fast-time runs shorten them through `settings.TIMES`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Times:
    """Spans; the defaults are what was tried and model-checked."""

    # A message that had no effect is sent again after this.
    hint_again: timedelta = timedelta(seconds=60)
    # The lease of a submitter that took up an unsent execution.
    submit_lease: timedelta = timedelta(seconds=60)
    # Counted from just before the claim for sending: when a POST must have begun,
    # and when it must have ended.
    post_start: timedelta = timedelta(seconds=10)
    post_end: timedelta = timedelta(seconds=40)
    # After a claim for sending, when a silent submitter is looked after.
    sent_look: timedelta = timedelta(seconds=45)
    # Proof that Amazon has no execution with a mark: two complete lists so far
    # apart, the last begun so long after the claim for sending.
    absence_gap: timedelta = timedelta(seconds=60)
    absence_age: timedelta = timedelta(seconds=180)
    # How far before `created_at` a search for a mark begins.
    search_back: timedelta = timedelta(minutes=10)
    # Looks at what is unresolved: often at first, then seldom.
    unresolved_look: timedelta = timedelta(seconds=5)
    unresolved_often: timedelta = timedelta(minutes=1)
    unresolved_later: timedelta = timedelta(seconds=60)
    no_proof: timedelta = timedelta(hours=6)
    watch: timedelta = timedelta(hours=24)
    watch_look: timedelta = timedelta(minutes=5)
    # Amazon's `Date` may differ so much from our clock before no list proves absence.
    clock_skew: timedelta = timedelta(minutes=5)
    # Time at Amazon beside the execution's own limit, then grace after the cancel.
    at_amazon: timedelta = timedelta(hours=24)
    cancel_grace: timedelta = timedelta(minutes=15)
    poll_first: timedelta = timedelta(seconds=5)
    poll_longest: timedelta = timedelta(minutes=5)
    lost_after: timedelta = timedelta(minutes=10)
    collect_lease: timedelta = timedelta(seconds=90)
    collect_renew: timedelta = timedelta(seconds=30)
    # Amazon keeps refusing a result that it said is there.
    result_missing: timedelta = timedelta(hours=1)
    collect_longest: timedelta = timedelta(hours=24)
    stray_longest: timedelta = timedelta(hours=24)
    unsent_longest: timedelta = timedelta(hours=24)
    # Ends of waiting.
    gave_up: timedelta = timedelta(hours=24)
    credential: timedelta = timedelta(days=30)
    overlap: timedelta = timedelta(hours=24)
    overlap_look: timedelta = timedelta(seconds=30)
    # Back-off of a retry: first wait, doubled each time, at most the second.
    retry_first: timedelta = timedelta(seconds=30)
    retry_longest: timedelta = timedelta(minutes=15)
    # A 401 with a fresh token, or a 429 without `Retry-After`, rests the instance.
    throttle_rest: timedelta = timedelta(seconds=60)
    # A slot claimed within this of its moment is on time.
    on_time: timedelta = timedelta(seconds=60)
    # One refresh at a time per connection: the lease of who refreshes.
    refresh_lease: timedelta = timedelta(seconds=30)
    refresh_early: timedelta = timedelta(minutes=5)
    # Short locks in Redis, which spare wasted work: of a tick, of one target's runs.
    tick_lock: timedelta = timedelta(seconds=30)
    target_lock: timedelta = timedelta(seconds=30)
    # A tick begins no claim after this: the sweep must get its turn too, after an
    # outage as well, and a task has 90 s in all.
    dispatch_pass: timedelta = timedelta(seconds=45)
    poll_pass: timedelta = timedelta(seconds=20)
    # Older zone data wait so long: new processes may run beside old ones.
    zone_rollback: timedelta = timedelta(minutes=10)


@cache
def times() -> Times:
    """The spans in force: the defaults, overridden by `settings.TIMES` (seconds)."""
    known = {field.name for field in fields(Times)}
    if unknown := sorted(set(settings.TIMES) - known):
        raise ValueError(f"TIMES names no waiting time: {', '.join(unknown)}.")
    return Times(
        **{name: timedelta(seconds=value) for name, value in settings.TIMES.items()}
    )
