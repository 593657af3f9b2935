"""The one row that says whether our application at Amazon is held."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("instances", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO lwa_application (id, hold_reason) VALUES (1, '')",
            "DELETE FROM lwa_application",
        )
    ]
