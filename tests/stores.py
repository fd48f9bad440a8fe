"""An object store and a message broker of the test's own, on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from include.local.environment import HOST
from include.local.processes import free_port
from tests.services import REQUIRE

BUCKET = "gallring"


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """Run an S3 server with a bucket; give the environment in which its client finds it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        access = {"aws_access_key_id": "tests", "aws_secret_access_key": "tests", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=address, **access).create_bucket(Bucket=BUCKET)
        yield {"AWS_ENDPOINT_URL": address, **{name.upper(): value for name, value in access.items()}} | {
            "AWS_DEFAULT_REGION": access["region_name"]
        }
    finally:
        server.stop()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a Redis that keeps nothing; give its address. Skip the test where there is none to run."""
    program = shutil.which("redis-server")
    if program is None:
        why = "redis-server isn't installed"
        pytest.fail(f"{why}, and {REQUIRE}=1") if os.environ.get(REQUIRE) == "1" else pytest.skip(why)
    port = free_port(0)
    command = [program, "--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while not _listens(port):
            assert process.poll() is None, "Redis ended"
            assert time.monotonic() < until, "Redis doesn't listen"
            time.sleep(0.05)
        yield f"redis://{HOST}:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False
