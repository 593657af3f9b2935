"""Django's entry for this app."""

from __future__ import annotations

from django.apps import AppConfig


class InstancesConfig(AppConfig):
    name = "instances"

    def ready(self) -> None:
        """Sign history rows. Imported here: models exist only once apps are ready."""
        from simple_history.signals import pre_create_historical_record

        from instances.changelog import sign

        pre_create_historical_record.connect(sign, dispatch_uid="sign history rows")
