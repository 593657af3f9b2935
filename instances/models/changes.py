"""The change log: who changed what, from where, and why."""

from __future__ import annotations

from django.db import models


class Change(models.Model):
    """What each history row adds to django-simple-history's own columns."""

    class Origin(models.TextChoices):
        API = "api", "web app or API"
        ADMIN = "admin", "admin"
        COMMAND = "command", "command line"
        SYSTEM = "system", "the product itself"

    origin = models.CharField(max_length=10, choices=Origin, default=Origin.SYSTEM)

    class Meta:
        abstract = True
