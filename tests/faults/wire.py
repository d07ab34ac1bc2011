"""A line between a program and a server that tests can cut."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """A server in between that passes everything on.

    cut:  end the line at the next COMMIT: "before" it reaches the server, or "after" it was carried out and before it
          is answered.
    """

    def __init__(self, host, port):
        self.target = (host, port)
        self.cut = None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self._pairs = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        # A socket that a thread waits on has to be shut down to wake it.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop_all()

    def drop_all(self):
        """End every line that is open, in the middle of whatever it carries."""
        for pair in list(self._pairs):
            self._end(pair)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(self.target)
                except OSError:
                    client.close()
                    continue
                pair = (client, server)
                self._pairs.add(pair)
                threading.Thread(target=self._pass_on, args=(client, server, pair, True), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, client, pair, False), daemon=True).start()

    def _pass_on(self, source, target, pair, to_server):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if to_server and self.cut is not None and b"COMMIT" in data:
                    cut, self.cut = self.cut, None
                    if cut == "after":
                        pair[0].shutdown(socket.SHUT_RDWR)  # the answer finds nobody
                        target.sendall(data)
                        target.recv(65536)
                    break
                target.sendall(data)
        self._end(pair)

    def _end(self, pair):
        self._pairs.discard(pair)
        for one in pair:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                one.close()
