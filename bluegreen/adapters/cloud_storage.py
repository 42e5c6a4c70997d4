"""A bucket of Cloud Storage, by its vendor's SDK, which the extra `gcs` brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from bluegreen.adapters.state.objects import Conflict, Stored
from bluegreen.errors import BluegreenError, ConfigError, EngineError

TIMEOUT, PATIENCE = 10.0, 30.0
"""Seconds for one request, and for all tries of one."""

QUICK = 2.0
"""Seconds for a request that is not tried again."""


class CloudStorage:
    """adapters.state.objects.Objects. bucket: its name. prefix: of all names, with a slash at its end, or "".

    hurried: each request is `quick`.

    It is asked as the environment says: application default credentials, or STORAGE_EMULATOR_HOST for a stand-in.
    """

    def __init__(self, bucket: str, prefix: str, *, hurried: bool = False) -> None:
        self._name = bucket
        self._prefix = prefix
        self._hurried = hurried

    def read(self, name: str, *, quick: bool = False) -> bytes | None:
        from google.api_core.exceptions import NotFound

        with self._explained("read", name):
            try:
                return bytes(self._blob(name).download_as_bytes(**_patience(quick or self._hurried)))
            except NotFound:
                return None

    def look(self, name: str) -> Stored | None:
        from google.api_core.exceptions import NotFound, PreconditionFailed

        blob = self._blob(name)
        with self._explained("read", name):
            while True:
                try:
                    blob.reload(**_patience(self._hurried))  # a download does not say of which generation it is
                    content = blob.download_as_bytes(if_generation_match=blob.generation, **_patience(self._hurried))
                    return Stored(bytes(content), int(blob.generation))
                except NotFound:
                    return None
                except PreconditionFailed:  # it was written in between
                    continue

    def write(self, name: str, content: bytes, *, generation: int | None = None) -> int:
        from google.api_core.exceptions import PreconditionFailed

        blob = self._blob(name)
        condition = {} if generation is None else {"if_generation_match": generation}
        with self._explained("write", name):
            try:
                blob.upload_from_string(content, **condition, **_patience(self._hurried))
                return int(blob.generation)
            except PreconditionFailed:
                standing = self.look(name)
        if standing is None or standing.content != content:
            raise Conflict(name)
        return standing.generation  # it is ours: the answer was lost, and the SDK has tried again

    def delete(self, name: str) -> None:
        from google.api_core.exceptions import NotFound

        with self._explained("delete", name):
            try:
                self._blob(name).delete(**_patience(self._hurried))
            except NotFound:
                return

    def names(self, prefix: str) -> Sequence[str]:
        with self._explained("list", prefix):
            found = self._bucket.list_blobs(prefix=self._prefix + prefix, **_patience(self._hurried))
            return sorted(str(blob.name).removeprefix(self._prefix) for blob in found)

    def folders(self, prefix: str) -> Sequence[str]:
        start = self._prefix + prefix
        with self._explained("list", prefix):
            listing = self._bucket.list_blobs(prefix=start, delimiter="/", **_patience(self._hurried))
            for _page in listing.pages:  # the folders are known once all pages were seen
                pass
            return sorted(str(name).removeprefix(start).rstrip("/") for name in listing.prefixes)

    def _blob(self, name: str) -> Any:
        return self._bucket.blob(self._prefix + name)

    @cached_property
    def _bucket(self) -> Any:
        try:
            from google.cloud.storage import Client
        except ImportError:
            raise EngineError(
                "a store in a bucket needs the Cloud Storage client", hint="pip install 'bluegreen[gcs]'"
            ) from None
        from google.auth.exceptions import DefaultCredentialsError

        try:
            # The project plays no part in reading and writing objects, and need not be known.
            return Client(project="none").bucket(self._name)
        except DefaultCredentialsError as error:
            raise ConfigError(
                "there are no credentials for the store",
                where=f"gs://{self._name}",
                hint="in a workflow google-github-actions/auth; by hand gcloud auth application-default login",
            ) from error

    @contextmanager
    def _explained(self, doing: str, name: str) -> Iterator[None]:
        """Turn the SDK's errors into a BluegreenError that says what could not be done, where and what to do next."""
        from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
        from requests import RequestException

        try:
            yield
        except (GoogleAPIError, GoogleAuthError, RequestException) as error:
            said = error.message if isinstance(error, GoogleAPICallError) else str(error)
            raise BluegreenError(
                f"cannot {doing} the store's {name or 'objects'}: {said}",
                where=f"gs://{self._name}/{self._prefix}",
                hint=_hint(error),
            ) from error


def _hint(error: Exception) -> str:
    from google.api_core.exceptions import Forbidden, NotFound, Unauthorized
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, Forbidden | Unauthorized | GoogleAuthError):
        return "roles/storage.objectUser on the bucket is needed"
    if isinstance(error, NotFound):
        return "is that the bucket's name?"
    return "when it can be reached again: bluegreen status, then bluegreen resume if a run was under way"


def _patience(quick: bool) -> dict[str, Any]:
    """Return how long a request may take. Whatever is asked here may be asked again without harm."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_timeout(PATIENCE).with_delay(initial=0.3, maximum=4.0)
    return {"timeout": QUICK, "retry": None} if quick else {"timeout": TIMEOUT, "retry": retry}
