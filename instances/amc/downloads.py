"""Files behind presigned links: fetched without API headers, unzipped in passing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from instances.amc import transport
from instances.amc.errors import LinkRefused, NoUsableAnswer

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_PIECE = 1_000_000  # bytes, however well they were compressed


def pieces(url: str) -> Iterator[bytes]:
    """The file's plain bytes in order.

    Raises LinkRefused when the link does not work (they last ten minutes),
    NeverConnected, and NoUsableAnswer when the file breaks off.
    """
    with transport.streaming(url) as response:
        if response.status_code != 200:
            raise LinkRefused(
                f"The download link answers {response.status_code}.",
                status=response.status_code,
            )
        yield from plain(response.iter_raw())


def plain(raw: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, decompressed when they are a gzip file, whatever headers say."""
    start = b""
    for piece in raw:
        start += piece
        if len(start) >= len(GZIP_MAGIC):
            break
    if start.startswith(GZIP_MAGIC):
        yield from _unzipped(start, raw)
        return
    if start:
        yield start
    yield from raw


def _unzipped(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """A gzip file may consist of several, one after another."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    waiting = start
    while True:
        if inflater.eof and waiting:
            inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            piece = inflater.decompress(waiting, LONGEST_PIECE)
        except zlib.error as error:
            raise NoUsableAnswer(f"The file cannot be decompressed: {error}") from error
        if piece:
            yield piece
        waiting = inflater.unconsumed_tail or inflater.unused_data
        if not waiting and not piece:
            waiting = next(rest, b"")
            if not waiting:
                break
    if not inflater.eof:
        raise NoUsableAnswer("The file breaks off.")
