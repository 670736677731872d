"""Content encodings of requests and answers: lz4 (frames), zstd, gzip, deflate. All sizes are bounded."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Protocol, cast

import lz4.frame
import zstandard

from dramatis_engines.clickhouse.failures import EngineFailure


class Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Lz4:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._head = self._frame.begin()

    def compress(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return cast(bytes, head + self._frame.compress(data))

    def flush(self) -> bytes:
        head, self._head = self._head, b""
        return cast(bytes, head + self._frame.flush())


_COMPRESSORS: dict[str, Callable[[], Compressor]] = {
    "lz4": _Lz4,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(level=1, wbits=31),
    "deflate": lambda: zlib.compressobj(level=1),
}

_READERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "lz4": lambda body: cast(IO[bytes], lz4.frame.LZ4FrameFile(body)),
    "zstd": lambda body: cast(IO[bytes], zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)),
    "gzip": lambda body: cast(IO[bytes], gzip.GzipFile(fileobj=body)),
}


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its encoding. Raises `EngineFailure` for an unknown or broken one, or past `limit` bytes."""
    if encoding in ("", "identity"):
        return body
    try:
        plain = _read(body, encoding, limit)
    except (OSError, EOFError, RuntimeError, zlib.error, zstandard.ZstdError) as fault:
        raise EngineFailure(
            f"Code: 354. DB::Exception: The {encoding} body is broken: {fault}. (ZLIB_INFLATE_FAILED)", 400
        ) from None
    if len(plain) > limit:
        raise too_large(limit)
    return plain


def _read(body: bytes, encoding: str, limit: int) -> bytes:
    if encoding == "deflate":
        return zlib.decompressobj().decompress(body, limit + 1)
    if encoding not in _READERS:
        raise EngineFailure(f"Code: 432. DB::Exception: Unknown content encoding {encoding}. (UNKNOWN_CODEC)", 400)
    with _READERS[encoding](io.BytesIO(body)) as reader:
        return reader.read(limit + 1)


def too_large(limit: int) -> EngineFailure:
    return EngineFailure(f"Code: 307. DB::Exception: The body has more than {limit} bytes. (TOO_MANY_BYTES)", 413)


def negotiated(accepted: str) -> str | None:
    """The first encoding of an `Accept-Encoding` header that can be produced here."""
    wanted = (part.partition(";")[0].strip().lower() for part in accepted.split(","))
    return next((name for name in wanted if name in _COMPRESSORS), None)


def compressed(chunks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """The chunks as one stream in this encoding."""
    if encoding is None:
        yield from chunks
        return
    compressor = _COMPRESSORS[encoding]()
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()
