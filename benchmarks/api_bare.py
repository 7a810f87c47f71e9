"""One route of FastAPI that sends bytes out of memory, and one that takes them: what any server must cost."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response


def build(folder: Path) -> FastAPI:
    """Return the application over the files of a folder."""
    bare = FastAPI(openapi_url=None)
    bodies = {path.name: path.read_bytes() for path in folder.iterdir()} | {"ready": b"yes"}

    @bare.get("/bytes/{name}")
    async def give(name: str) -> Response:
        return Response(bodies[name], media_type="application/octet-stream")

    @bare.post("/bytes")
    async def take(request: Request) -> int:
        size_bytes = 0
        async for chunk in request.stream():
            size_bytes += len(chunk)
        return size_bytes

    return bare


if __name__ == "__main__":
    uvicorn.run(build(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="error", access_log=False)
