"""What is being collected has succeeded at Amazon: it cannot be rejected any more."""

from django.db import migrations

NOW = """
CREATE OR REPLACE FUNCTION check_execution_move() RETURNS trigger
LANGUAGE plpgsql AS $$
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
"""

BEFORE = """
CREATE OR REPLACE FUNCTION check_execution_move() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  line text[] := ARRAY['SUBMITTING', 'PENDING', 'RUNNING', 'COLLECTING', 'END'];
  into_state text := CASE WHEN NEW.ended_at IS NULL THEN NEW.state ELSE 'END' END;
BEGIN
  IF OLD.ended_at IS NOT NULL
     OR array_position(line, into_state) <= array_position(line, OLD.state::text)
     OR NEW.state = 'SUCCEEDED' AND OLD.state <> 'COLLECTING'
     OR NEW.state = 'NOT_SUBMITTED' AND OLD.state <> 'SUBMITTING' THEN
    RAISE EXCEPTION 'execution %: from % to % is no legal move',
      OLD.id, OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0002_what_the_database_refuses")]

    operations = [migrations.RunSQL(NOW, BEFORE)]
