"""What several tests of the engine share: a store that is a real server."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket in moto's S3 server; fsspec finds it by its own environment variable."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "key": "testing", "secret": "testing",
        "client_kwargs": {"endpoint_url": f"http://{host}:{port}"},
    }  # fmt: skip
    import s3fs

    files = s3fs.S3FileSystem(**settings)
    name = f"values-{secrets.token_hex(4)}"  # what a server of an earlier module had is still in this process
    files.mkdir(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FSSPEC_S3", json.dumps(settings))
        import fsspec

        fsspec.config.conf["s3"] = settings
        yield f"s3://{name}"
        fsspec.config.conf.pop("s3")
    server.stop()
