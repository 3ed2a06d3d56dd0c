"""The files that pages load: our own modules and styles, and the parts that npm brought."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, send_from_directory

from api.auth import Right, requires
from api.errors import NoSuchPlace
from ledger.errors import LedgerError

blueprint = Blueprint("page_files", __name__)
_HERE: Final = Path(__file__).parent
# What a page may load of an npm package, by the name that our modules import it under.
PARTS: Final = {
    "idb.js": "idb/build/index.js",
    "zxing/reader/index.js": "zxing-wasm/dist/es/reader/index.js",
    "zxing/share.js": "zxing-wasm/dist/es/share.js",
    "zxing/reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
}
_TYPES: Final = {".js": "text/javascript", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json"}


class PartAbsent(LedgerError):
    """A part that npm brings was not installed."""

    code = "part-absent"
    zh = "未安装扫码组件 {part}：请管理员执行 make parts"
    en = "the part {part} is not installed: run `make parts` on the server"


@blueprint.get("/static/<path:path>")
@requires(Right.PUBLIC)
def static(path: str) -> Response:
    """A module, style or picture of our own."""
    return _file(_HERE / "static", path)


@blueprint.get("/parts/<path:path>")
@requires(Right.PUBLIC)
def part(path: str) -> Response:
    """A file of an npm package that our modules load, and no other."""
    if path not in PARTS:
        raise NoSuchPlace()
    if not (_HERE / "node_modules" / PARTS[path]).exists():
        raise PartAbsent(part=path)
    return _file(_HERE / "node_modules", PARTS[path])


def _file(folder: Path, path: str) -> Response:
    response = send_from_directory(folder, path, mimetype=_TYPES.get(Path(path).suffix), conditional=False)
    response.headers["Cache-Control"] = "public, no-cache"
    response.direct_passthrough = False
    return response
