"""``GET /api/health``: whether this installation works, for people and for watchdogs."""

import logging

import duckdb
from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import TomlakeError
from lake.operations import reading
from lake.provenance import code_version
from portal.api.identity import LakeProvider
from portal.api.reply import json_reply

logger = logging.getLogger(__name__)
router = APIRouter()


@router.get("/api/health")
@router.get("/api/health/")
def health(request: Request) -> Response:
    """Ask both databases; 503 where one does not answer."""
    provider: LakeProvider = request.app.state.lake_provider
    try:
        lake = provider()
        version = lake.store.version()
        with reading(lake.operations) as connection:
            connection.execute(text("SELECT 1"))
    except (TomlakeError, duckdb.Error, SQLAlchemyError, OSError):
        logger.exception("the health check failed")
        return json_reply({"status": "failed", "version": code_version(), "lake_version": None}, status=503)
    return json_reply({"status": "ok", "version": code_version(), "lake_version": version})
