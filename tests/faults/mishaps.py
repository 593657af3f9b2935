"""Random mishaps for the soak: each hurts something for a while, none asks why."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.trial import Trial

POINTS = (
    "mid-claim",
    "claimed-unpublished",
    "admitted-unsent",
    "taken-up",
    "claimed-for-sending",
    "before-post",
    "posted-unrecorded",
    "poll-claimed",
    "mid-download",
    "stored-uncommitted",
    "collected",
    "refreshed-unstored",
)
AMAZON = (
    {"kind": "reply_lost", "operation": "createWorkflowExecution", "reset": True},
    {"kind": "request_lost", "operation": "createWorkflowExecution"},
    {"kind": "server_error", "status": 502, "work_done": True},
    {"kind": "server_error", "status": 503},
    {"kind": "stale_list", "seconds": 40.0},
    {"kind": "expired_token"},
    {"kind": "throttled", "retry_after": "5"},
    {"kind": "garbage"},
    {"kind": "truncated", "operation": "download"},
    {"kind": "expired_link"},
    {"kind": "slow", "seconds": 5.0, "after_work": True},
    {"kind": "unknown_status"},
)


def kill_at_a_point(trial: Trial) -> None:
    point, do = trial.dice.choice(POINTS), trial.dice.choice(["kill", "kill_group"])
    trial.stack.points.arm(point, do, skip=trial.dice.randrange(3))


def freeze_at_a_point(trial: Trial) -> None:
    trial.stack.points.arm(trial.dice.choice(POINTS), "stop")


def kill_somebody(trial: Trial) -> None:
    names = trial.stack.names("worker", "beat", "ticker", "web")
    trial.stack.kill_group(trial.dice.choice(names))


def kill_a_child(trial: Trial) -> None:
    trial.stack.kill_child_of(trial.dice.choice(trial.stack.names("worker")))


def freeze_somebody(trial: Trial) -> None:
    name = trial.dice.choice(trial.stack.names("worker", "beat", "ticker", "valkey"))
    trial.stack.freeze(name)
    trial.wait(trial.dice.uniform(2, 15))
    trial.stack.thaw(name)


def flush_redis(trial: Trial) -> None:
    trial.stack.redis.flushall()


def crash_redis(trial: Trial) -> None:
    trial.stack.hold_down("valkey")
    if trial.dice.random() < 0.5:
        trial.stack.empty_valkey()
    trial.wait(trial.dice.uniform(1, 10))
    trial.stack.release("valkey")


def crash_postgresql(trial: Trial) -> None:
    trial.stack.stop_postgres()


def end_sessions(trial: Trial) -> None:
    trial.stack.end_sessions()


def lose_commits(trial: Trial) -> None:
    links = trial.stack.links_of("postgres", "worker", "ticker")
    for link in links:
        link.toxics.lose_replies_to = (b"COMMIT", b"UPDATE")
        link.toxics.probability, link.toxics.dice = 0.1, trial.dice
    trial.wait(trial.dice.uniform(2, 8))
    for link in links:
        link.heal()


def cut_somebody_off(trial: Trial) -> None:
    service = trial.dice.choice(["postgres", "valkey", "sandbox"])
    name = trial.dice.choice(trial.stack.names("worker", "ticker"))
    for link in trial.stack.links_of(service, name):
        link.toxics.is_deaf_up = True
        trial.wait(trial.dice.uniform(2, 12))
        link.heal()
        trial.stack.room.reset_all(link)


def confuse_amazon(trial: Trial) -> None:
    fault = dict(trial.dice.choice(AMAZON))
    trial.amc.faults(
        str(fault.pop("kind")),
        **fault,
        probability=trial.dice.uniform(0.1, 0.6),
        seed=trial.dice.randrange(10**6),
        count=trial.dice.randrange(1, 10),
    )


MISHAPS: tuple[Callable[[Trial], None], ...] = (
    kill_at_a_point,
    kill_at_a_point,
    freeze_at_a_point,
    kill_somebody,
    kill_a_child,
    freeze_somebody,
    flush_redis,
    crash_redis,
    crash_postgresql,
    end_sessions,
    lose_commits,
    cut_somebody_off,
    confuse_amazon,
    confuse_amazon,
)
