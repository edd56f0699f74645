"""Who may ask for what: middlewares for the token, the origin and the form of errors."""

import hmac
import logging
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pipeline.errors import LivematteError
from stream.server.page_routes import OPEN
from stream.server.problems import Problem, problem_response
from stream.server.settings import ServerSettings, is_loopback

logger = logging.getLogger(__name__)

_EXPOSED = "Location, Link, ETag, Retry-After, Livematte-Layout"
_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
_REQUEST_HEADERS = "Authorization, Content-Type, If-Match"


def middlewares(settings: ServerSettings) -> list[Middleware]:
    return [_origins(settings), _errors, _token(settings)]


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is told as a problem; what the server did wrong is not told at all."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem_response(problem)
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return problem_response(Problem(error.status, _sentence(error), headers))
    except LivematteError as error:
        return problem_response(Problem(422, str(error)))
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return problem_response(Problem(500, "The server failed; its log says why."))


def _sentence(error: web.HTTPException) -> str:
    known = {404: "There is nothing at this address.", 405: "This method is not served here."}
    return known.get(error.status, error.reason)


def _token(settings: ServerSettings) -> Middleware:
    wanted = f"Bearer {settings.token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        is_open = request.match_info.handler in OPEN
        if settings.token is None or is_open or hmac.compare_digest(given, wanted):
            return await handler(request)
        raise Problem(401, "This server wants its token.", {"WWW-Authenticate": "Bearer"})

    return check


def _origins(settings: ServerSettings) -> Middleware:
    """Pages of other sites are refused, but those that are listed.

    Without a token the name in the URL counts, too: a foreign name may be made to lead here, and
    its pages would then pass for the server's own.
    """
    hosts = {urlsplit(origin).hostname for origin in settings.origins}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        if settings.token is None and not is_loopback(host) and host not in hosts:
            return problem_response(Problem(403, f"This server is not called {host!r}."))
        origin = request.headers.get("Origin")
        own = f"{request.scheme}://{request.host}"
        if origin in (None, own):
            return await handler(request)
        if origin not in settings.origins:
            return problem_response(Problem(403, "Pages of this origin may not use the server."))
        preflight = "Access-Control-Request-Method" in request.headers
        answer = web.Response(status=204) if preflight else await handler(request)
        _allow(answer, origin)
        return answer

    return check


def _allow(response: web.StreamResponse, origin: str) -> None:
    """CORS (Fetch Standard): what another origin's page may do and see."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    response.headers["Vary"] = "Origin"
