"""TensorBoard's server, with three answers of our own; ``gan-lab board`` runs this module.

The bare address leads to the view that tells most, as it is at that moment: TensorBoard reads pinned cards
from its address alone, and an address that holds them is too long to be typed. HPARAMS, whose columns
TensorBoard orders by the alphabet, begins with what a run is and with the numbers that tell most. And bands
over seeds have a board of their own (``board_bands``).
"""

import contextlib
import io
import json
import re
import sys
import webbrowser
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tensorboard import program
from tensorboard.plugins import base_plugin
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from gan_lab.config.errors import UserError
from gan_lab.tags.names import final_tag
from gan_lab.tags.table import TABLE
from gan_lab.tracking.board import OPEN, pinned_view
from gan_lab.tracking.board_bands import BANDS, BANDS_VIEW, FOLDER, has_bands, is_split, split, with_link
from gan_lab.tracking.board_notes import WithoutNotes

SETTINGS_FIRST = ("objective", "constraint", "architecture", "dataset", "seed")
"""Columns of HPARAMS that say what a run is."""

NUMBERS_FIRST = tuple(final for tag in TABLE if (final := final_tag(tag.name)) is not None)
"""Columns of HPARAMS that say how it ended, the most telling first."""

_HPARAMS = "/data/plugin/hparams/experiment"
_EXPERIMENT = re.compile(r"^/experiment/[^/]+(?=/data/)")  # of which there is one; the time series name it


class OwnAnswers:
    """TensorBoard's application with a bare address that redirects, and answers in reading order.

    Args:
        app: TensorBoard's.
        root: the folder that it reads.
        prefix: of all its paths, without a slash at the end.
    """

    def __init__(self, app: WSGIApplication, root: Path, prefix: str = "") -> None:
        self._app, self._root, self._prefix = app, root, prefix
        # of the folder of bands alone, they are the runs
        self._splits = root.resolve().parts[-len(FOLDER) :] != FOLDER

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "").removeprefix(self._prefix)
        bands = path == BANDS or path.startswith(f"{BANDS}/")
        if bands:
            path = path.removeprefix(BANDS) or "/"
            environ = environ | {"PATH_INFO": f"{self._prefix}{path}"}
        return self._answer_to(environ, path, bands)(environ, start_response)

    def _answer_to(self, environ: WSGIEnvironment, path: str, bands: bool) -> WSGIApplication:
        if path in ("", "/"):
            try:
                return self._page(environ, bands)
            except (UserError, OSError):  # the folder is gone: TensorBoard says so itself
                return self._app
        path = _EXPERIMENT.sub("", path)
        if path == _HPARAMS:
            return _in_reading_order(_plain(self._app, environ))
        if self._splits and is_split(path):
            return _of_one_board(_plain(self._app, environ), path, bands)
        return self._app

    def _page(self, environ: WSGIEnvironment, bands: bool) -> WSGIApplication:
        """Return where a bare address leads, or the page with a link to the other board, if there is one."""
        both = has_bands(self._root)
        if not environ.get("QUERY_STRING"):
            view = f"{BANDS}/{BANDS_VIEW}" if bands and both else f"/{pinned_view(self._root)}"
            return redirect(f"{self._prefix}{view}")
        if not both:
            return self._app
        page = _plain(self._app, environ)
        page.set_data(with_link(page.get_data(), bands))
        return page


def _plain(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """Return what an application answers, not compressed."""
    return Response.from_app(
        app, {key: value for key, value in environ.items() if key != "HTTP_ACCEPT_ENCODING"}
    )


def _of_one_board(response: Response, path: str, bands: bool) -> Response:
    """Return an answer about runs with those of one board."""
    if response.status_code == 200:
        response.set_data(json.dumps(split(path, json.loads(response.get_data()), bands)))
    return response


def _in_reading_order(response: Response) -> Response:
    """Return HPARAMS' description of its columns with those that tell most first, the others as they were."""
    if response.status_code != 200:
        return response
    experiment: dict[str, Any] = json.loads(response.get_data())
    for key, first in (("hparamInfos", SETTINGS_FIRST), ("metricInfos", NUMBERS_FIRST)):
        places = {name: place for place, name in enumerate(first)}
        infos = experiment.get(key, [])
        experiment[key] = sorted(infos, key=lambda info: places.get(_name_of(info), len(first)))
    for info in experiment.get("hparamInfos", []):
        if info.get("name") in SETTINGS_FIRST:
            info["differs"] = True  # the page shows the first five of those that do, whatever their order
    response.set_data(json.dumps(experiment))
    return response


def _name_of(info: dict[str, Any]) -> str:
    """Return the name of a setting, or the tag of a number, whose name has a group, too."""
    name = info["name"]
    return str(name["tag"] if isinstance(name, dict) else name)


class BoardServer(program.WerkzeugServer):  # type: ignore[misc]
    """TensorBoard's own server on an application of ours.

    Args:
        wsgi_app: TensorBoard's application.
        flags: of its command line.
    """

    opens = False
    """Whether a browser is shown the address once the port is there."""

    def __init__(self, wsgi_app: WSGIApplication, flags: Any) -> None:
        own = OwnAnswers(wsgi_app, Path(flags.logdir), flags.path_prefix.rstrip("/"))
        super().__init__(own, flags)

    def print_serving_message(self) -> None:
        """Say the address at which it serves: another port than the usual one, where that is taken."""
        sys.stderr.write(f"Serving at {self.get_url()} until Ctrl-C.\n")
        sys.stderr.flush()

    def serve_forever(self) -> None:
        """Serve until the process ends."""
        if self.opens:
            webbrowser.open(self.get_url())
        super().serve_forever()


def main() -> None:
    """Run TensorBoard's command line with this server."""
    # absl takes the process's log and stderr as it is imported, which this process alone may lose
    from absl import app as absl_app
    from tensorboard import main_lib

    sys.stderr = cast(TextIO, WithoutNotes(sys.stderr))
    main_lib.global_init()
    BoardServer.opens = OPEN in sys.argv
    arguments = [argument for argument in sys.argv if argument != OPEN]
    tensorboard = program.TensorBoard(server_class=program.with_port_scanning(BoardServer))
    try:
        absl_app.run(tensorboard.main, argv=arguments, flags_parser=partial(read_options, tensorboard))
    except base_plugin.FlagsError as error:
        sys.exit(f"gan-lab: {error}")


def read_options(tensorboard: program.TensorBoard, arguments: Sequence[str]) -> list[str]:
    """Return what TensorBoard leaves of a command line that it reads.

    Raises:
        SystemExit: 2 if it refuses an option; its reason is said, without the page of its usage.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            rest: list[str] = tensorboard.configure(arguments)
    except SystemExit as end:
        if end.code != 2:
            raise
        reason = said.getvalue().strip().rpartition("error: ")[2]
        usual = "gan-lab board --help has the usual ones"
        sys.stderr.write(f"gan-lab board: TensorBoard cannot read its options ({reason}); {usual}.\n")
        sys.exit(2)
    return rest


if __name__ == "__main__":
    main()
