"""The few words that we exchange with the API server we started ourselves on 127.0.0.1."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from include.local.environment import HOST, passwords
from include.local.processes import Child, ProcessEndedError, check

T = TypeVar("T")
DAG = "gallring"
POOL = {
    "name": "gallring_destroy",
    "slots": 1,
    "description": "Who destroys is alone. 0 slots stop it at once.",
    "include_deferred": False,
}
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Api:
    """Airflow's REST API, with an administrator's token."""

    port: int
    token: str

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  (JSON)
        """Return the answer to a request below ``/api/v2``.

        Raises:
            urllib.error.HTTPError: the server refused it.
        """
        return request(self.port, method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self.token}"})


def request(port: int, method: str, path: str, body: object, headers: dict[str, str]) -> Any:  # noqa: ANN401  (JSON)
    """Send one request and return its JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(
        f"http://{HOST}:{port}{path}", data, {"Content-Type": "application/json", **headers}, method=method
    )
    # No proxy of the user's environment stands between us and ourselves.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def connect(port: int, children: Sequence[Child], seconds: float = 120.0) -> Api:
    """Wait until the server answers, log in, and return the way to it.

    Raises:
        ProcessEndedError: one of the processes ended, or the server didn't answer in time.
    """
    user, password = "admin", passwords()["admin"]

    def log_in() -> Api | None:
        try:
            token = request(port, "POST", "/auth/token", {"username": user, "password": password}, {})
        except (OSError, ValueError):
            return None
        return Api(port, token["access_token"])

    return wait_for("the API server", log_in, children, seconds)


def wait_for(what: str, ask: Callable[[], T | None], children: Sequence[Child], seconds: float) -> T:
    """Ask until there is an answer.

    Raises:
        ProcessEndedError: one of the processes ended, or there was no answer in time.
    """
    until = time.monotonic() + seconds
    while (answer := ask()) is None:
        check(children)
        if time.monotonic() > until:
            logs = ", ".join(str(child.log) for child in children)
            raise ProcessEndedError(f"Waited {seconds:.0f} s for {what} in vain. See {logs}")
        time.sleep(0.2)
    return answer


def ensure_pool(api: Api) -> None:
    """Create the pool of the destroying task, unless it is there: an operator may have set it to 0 slots."""
    try:
        api.call("GET", f"/pools/{POOL['name']}")
    except urllib.error.HTTPError as error:
        if error.code != _NOT_FOUND:
            raise
        api.call("POST", "/pools", POOL)
