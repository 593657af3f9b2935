"""Runs move as the table of legal moves says, and each move leaves an event."""

from django.db import migrations

MOVES = """
CREATE FUNCTION record_run_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.finished_at IS NOT NULL
     OR OLD.state = 'PENDING' AND (
          NEW.state IN ('RUNNING', 'SUCCEEDED')
          OR NEW.state = 'WAITING' AND NEW.reason IN ('throttled', 'retry'))
     OR OLD.state = 'WAITING' AND (
          NEW.state = 'SUCCEEDED'
          OR NEW.state = 'RUNNING' AND OLD.reason IN ('overlap', 'credential')
          OR NEW.state = 'WAITING' AND (
               NEW.reason IN ('throttled', 'retry')
               OR OLD.reason = 'credential' AND NEW.reason <> 'overlap'
               OR OLD.reason IN ('capacity', 'throttled', 'retry')
                  AND NEW.reason <> 'credential'))
     OR OLD.state = 'RUNNING' AND (
          NEW.state IN ('PENDING', 'SKIPPED')
          OR NEW.state = 'WAITING'
             AND NEW.reason NOT IN ('throttled', 'retry', 'credential'))
  THEN
    RAISE EXCEPTION 'run %: from % % to % % is no legal move',
      OLD.id, OLD.state, OLD.reason, NEW.state, NEW.reason
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO run_events (run_id, at, from_state, to_state, reason, execution_id)
  VALUES (NEW.id, amc_now(), OLD.state, NEW.state, NEW.reason, NEW.execution_id);
  RETURN NULL;
END $$;
CREATE TRIGGER run_moves AFTER UPDATE ON schedule_runs FOR EACH ROW
  WHEN ((OLD.state, OLD.reason) IS DISTINCT FROM (NEW.state, NEW.reason))
  EXECUTE FUNCTION record_run_move();
"""


class Migration(migrations.Migration):
    dependencies = [("schedules", "0001_initial"), ("instances", "0001_initial")]

    operations = [migrations.RunSQL(MOVES, "DROP FUNCTION record_run_move() CASCADE")]
