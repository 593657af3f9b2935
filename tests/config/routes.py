"""Every route of the API, as the URLconf has it."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def routes() -> dict[str, frozenset[str]]:
    """Methods by the name of the route, of everything below /api/v1/."""
    return {str(route.name): methods_of(route) for route in _patterns("api/v1/")}


def methods_of(route: URLPattern) -> frozenset[str]:
    actions = getattr(route.callback, "actions", None)
    offered = actions or {
        method: method
        for method in METHODS
        if hasattr(route.callback.view_class, method)
    }
    return frozenset(method.upper() for method in offered if method in METHODS)


def _patterns(prefix: str) -> Iterator[URLPattern]:
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and str(entry.pattern) == prefix:
            yield from _leaves(entry)


def _leaves(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _leaves(entry)
        else:
            yield entry
