"""Request bodies are gzip, with or without the extra `fast`."""

from __future__ import annotations

import gzip as standard
import subprocess
import sys

from router.delivery import compression

CHUNKS = [b"one " * 1000, b"", b"two " * 1000]


def test_any_reader_of_gzip_reads_it():
    """Chunks become one frame, and the same chunks the same bytes."""
    frame = compression.gzip(CHUNKS)
    assert standard.decompress(frame) == b"".join(CHUNKS) == compression.gunzip(frame)
    assert frame == compression.gzip(CHUNKS)
    assert len(frame) < 200


def test_the_extra_is_used_where_it_is_installed():
    """The development environment has it."""
    assert compression.CODEC == "isal.isal_zlib"


def test_without_the_extra_it_is_zlib():
    """A plain installation sends the same spans, compressed by the standard library."""
    program = (
        "import sys; sys.modules['isal'] = None\n"
        "from router.delivery import compression\n"
        f"sys.stdout.buffer.write(compression.CODEC.encode() + b' ' + compression.gzip({CHUNKS!r}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=200)
    name, _, frame = run.stdout.partition(b" ")
    assert (name, standard.decompress(frame)) == (b"zlib", b"".join(CHUNKS))
