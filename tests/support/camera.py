"""A picture held before a browser's fake camera."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT, FPS = 640, 480, 10


def film(picture: bytes, target: Path, seconds: int = 3) -> list[str]:
    """Write an uncompressed film of a PNG, blank for a second and then seen; the browser's flags that play it.

    The format is YUV4MPEG2, grey: luma as it is, both chroma planes at 128.
    """
    seen = Image.open(BytesIO(picture)).convert("L")
    seen.thumbnail((WIDTH - 20, HEIGHT - 20))
    board = Image.new("L", (WIDTH, HEIGHT), 255)
    board.paste(seen, ((WIDTH - seen.width) // 2, (HEIGHT - seen.height) // 2))
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    blank = b"FRAME\n" + bytes([255]) * (WIDTH * HEIGHT) + chroma
    shown = b"FRAME\n" + board.tobytes() + chroma
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420mpeg2\n".encode()
    target.write_bytes(head + blank * FPS + shown * FPS * (seconds - 1))
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={target}",
    ]
