"""The keeper: the background thread of a recording process.

It makes the journal reach the disk, samples system metrics, and ships the journal into the store.
The training thread never waits for it, and no failure of the store reaches the training: a store
that is locked, down or full is tried again with growing pauses, and what is not shipped when the
run ends stays in the journal for the next orbench command.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from .errors import JournalError, StoreError, StoreUnavailableError
from .journal import JournalWriter
from .notices import warn
from .run_store import RunStore, open_store
from .settings import RecordingSettings, masked_url
from .shipper import RunShipper

__all__ = ["Keeper"]

_TICK_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0
_HEARTBEAT_SECONDS = 10.0


class Keeper(threading.Thread):
    """Syncs, samples and ships one run, and those begun beside it, until it is told to finish."""

    def __init__(
        self,
        writer: JournalWriter,
        store_url: str,
        settings: RecordingSettings,
        sample: Callable[[], None],
    ) -> None:
        """`sample` logs the system metrics of this moment; it must not raise."""
        super().__init__(name=f"orbench-keeper-{writer.run_id}", daemon=True)
        self._writer = writer
        self._beside: list[tuple[JournalWriter, RunShipper]] = []
        self._url = store_url
        self._settings = settings
        self._sample = sample
        self._shipper = RunShipper(writer.folder)
        self._store: RunStore | None = None
        self._stopping = threading.Event()
        self._deadline = float("inf")
        self._pause = 0.0
        self._given_up = ""
        self._shipped_all = False

    def run(self) -> None:
        """The thread's body; see the class."""
        now = time.monotonic()
        sync_at = now + self._settings.fsync_seconds
        ship_at = now + self._settings.ship_seconds
        sample_at = now if self._settings.system_seconds else float("inf")
        heartbeat_at = now + _HEARTBEAT_SECONDS
        while not self._stopping.wait(_TICK_SECONDS):
            now = time.monotonic()
            if now >= sync_at:
                self._sync()
                sync_at = now + self._settings.fsync_seconds
            if now >= sample_at:
                self._sample()
                sample_at = now + self._settings.system_seconds
            if now >= ship_at:
                self._ship(heartbeat=now >= heartbeat_at)
                ship_at = time.monotonic() + max(self._settings.ship_seconds, self._pause)
                if now >= heartbeat_at:
                    heartbeat_at = now + _HEARTBEAT_SECONDS
        self._ship_the_rest()

    def keep(self, writer: JournalWriter) -> None:
        """Ship another run of this process too; whoever began it closes its writer."""
        self._beside.append((writer, RunShipper(writer.folder)))

    def finish(self, seconds: float) -> bool:
        """Ship the rest, for at most this long; False if something stays in the journal."""
        self._deadline = time.monotonic() + seconds
        self._stopping.set()
        self.join(seconds + 1.0)
        if not self._shipped_all:
            why = self._given_up or "it did not answer in time"
            more = f" with {len(self._beside)} beside it" if self._beside else ""
            warn(
                f"run {self._writer.run_id}{more} is not wholly in the store "
                f"{masked_url(self._url)} ({why}); its journal is kept and the next orbench "
                "command ships it"
            )
        return self._shipped_all

    def _sync(self) -> None:
        for writer in (self._writer, *(beside for beside, _ in list(self._beside))):
            try:
                writer.sync()
            except (JournalError, OSError) as error:
                warn(f"the journal cannot be synced: {error}")

    def _ship(self, *, heartbeat: bool) -> None:
        """One round of shipping; a store that cannot be used now is tried later."""
        try:
            if self._store is None:
                self._store = open_store(self._url, create=True)
            shipped = self._shipper.ship(self._store, own=self._writer.segment)
            if heartbeat and not shipped:
                self._store.heartbeat(self._writer.run_id, time.time())
            self._ship_beside(self._store, heartbeat=heartbeat)
        except StoreUnavailableError as error:
            self._pause = min(_LONGEST_PAUSE_SECONDS, max(1.0, 2 * self._pause))
            self._given_up = str(error)
        except (StoreError, JournalError, OSError) as error:
            if not self._given_up:
                warn(f"run {self._writer.run_id} is kept in its journal only: {error}")
            self._given_up = str(error)
            self._pause = _LONGEST_PAUSE_SECONDS
        else:
            self._pause = 0.0
            self._given_up = ""

    def _ship_beside(self, store: RunStore, *, heartbeat: bool) -> None:
        """One round of the runs begun beside this one; those that ended are done with."""
        for beside in list(self._beside):
            writer, shipper = beside
            if writer.closed:
                self._finish_one(store, writer, shipper)
                self._beside.remove(beside)
            elif not shipper.ship(store, own=writer.segment) and heartbeat:
                store.heartbeat(writer.run_id, time.time())

    def _ship_the_rest(self) -> None:
        """After the writer was closed: ship to the end, compact, clear the journal."""
        try:
            while True:
                try:
                    self._finish_in_store()
                except StoreUnavailableError as error:
                    self._given_up = str(error)
                    if time.monotonic() + 0.5 > self._deadline:
                        return
                    time.sleep(0.5)
                else:
                    self._shipped_all = True
                    return
        except Exception as error:  # a thread must not die without a word: the journal is kept
            self._given_up = str(error) or type(error).__name__
        finally:
            if self._store is not None:
                self._store.close()

    def _finish_in_store(self) -> None:
        if self._store is None:
            self._store = open_store(self._url, create=True)
        self._finish_one(self._store, self._writer, self._shipper)
        self._ship_beside(self._store, heartbeat=False)

    def _finish_one(self, store: RunStore, writer: JournalWriter, shipper: RunShipper) -> None:
        shipper.ship(store, own=writer.segment, ended=True)
        store.compact(writer.run_id)
        for text in shipper.cut:
            warn(f"journal damaged: {text}")
        shipper.clear()

    @property
    def journal(self) -> Path:
        """The run's folder in the journal."""
        return self._writer.folder
