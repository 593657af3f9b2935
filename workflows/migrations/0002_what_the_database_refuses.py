"""Executions move forward only; versions never change."""

from django.db import migrations

MOVES = """
CREATE FUNCTION check_execution_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  line text[] := ARRAY['SUBMITTING', 'PENDING', 'RUNNING', 'COLLECTING', 'END'];
  into_state text := CASE WHEN NEW.ended_at IS NULL THEN NEW.state ELSE 'END' END;
BEGIN
  IF OLD.ended_at IS NOT NULL
     OR array_position(line, into_state) <= array_position(line, OLD.state::text)
     OR NEW.state = 'SUCCEEDED' AND OLD.state <> 'COLLECTING'
     OR NEW.state = 'NOT_SUBMITTED' AND OLD.state <> 'SUBMITTING'
     OR OLD.state = 'COLLECTING'
        AND NEW.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED') THEN
    RAISE EXCEPTION 'execution %: from % to % is no legal move',
      OLD.id, OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER execution_moves BEFORE UPDATE OF state ON workflow_executions
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION check_execution_move();
"""

VERSIONS = """
CREATE FUNCTION refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'workflow version % is immutable', OLD.id
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER versions_are_immutable BEFORE UPDATE ON workflow_versions
  FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW)
  EXECUTE FUNCTION refuse_version_change();
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]

    operations = [
        migrations.RunSQL(MOVES, "DROP FUNCTION check_execution_move() CASCADE"),
        migrations.RunSQL(VERSIONS, "DROP FUNCTION refuse_version_change() CASCADE"),
    ]
