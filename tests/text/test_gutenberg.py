import hashlib
import http.server
import threading

import httpx
import pytest
from datatrove.data import Document

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import GutenbergSettings, SourceSettings
from mucpt_utils.errors import OUTSIDE
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources import PassedOver, gutenberg, open_input
from mucpt_utils.text.sources.base import SourceFailed
from mucpt_utils.text.sources.gutenberg import book_numbers, fetch_books

PROSE = "\n\n".join(
    f"In chapter {n} the quartet opens with a melody for viola, and the cello answers in bar "
    f"{n + 7}. The movement closes with a slow fugue, which the players of hall {n * 3} repeated."
    for n in range(20)
)


def book(number, title, extra=""):
    return (
        f"The Project Gutenberg eBook of {title}\n\n{extra}Title: {title}\nAuthor: A. Writer\n"
        f"Original publication: Boston: A Press, 1897\n\n"
        f"*** START OF THE PROJECT GUTENBERG EBOOK {title.upper()} ***\n\n{PROSE}\n\nNo. {number}."
        f"\n\n*** END OF THE PROJECT GUTENBERG EBOOK {title.upper()} ***\nSmall print, donations."
    ).encode()


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves `pages` by path; an entry may be a list of answers, given one after the other."""

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.pages.get(self.path, 404)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, int):
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        cut = isinstance(answer, tuple)
        content = answer[0] if cut else answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) + (500 if cut else 0)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.pages, server.asked = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def settings(mirror, **changes):
    address = f"http://127.0.0.1:{mirror.server_port}"
    return GutenbergSettings(**{"mirror": address, "seconds_between": 0, "retries": 2} | changes)


def test_books_come_without_their_licence_and_with_metadata_and_checksums(mirror, tmp_path):
    mirror.pages["/cache/epub/12/pg12.txt"] = book(12, "On Quartets")
    mirror.pages["/5/7/2/5724/5724-0.txt"] = book(5724, "Operas")
    source = SourceSettings(gutenberg=settings(mirror))
    found = open_input("gutenberg:5724,12", source, tmp_path)
    (unit,) = found.units(10**9)
    items = list(unit())
    documents = [item for item in items if isinstance(item, Document)]
    assert {d.metadata["file"] for d in documents} == {"12.txt", "5724.txt"}
    text = " ".join(d.text for d in documents)
    assert "Small print" not in text and "START OF" not in text and "No. 12." in text
    first = next(d for d in documents if d.metadata["file"] == "12.txt")
    assert first.metadata == {
        "source": "gutenberg",
        "register": "book",
        "title": "On Quartets",
        "creator": "A. Writer",
        "year": 1897,
        "licence": "Public domain in the USA",
        "lane": "prose",
        "file": "12.txt",
        "url": f"http://127.0.0.1:{mirror.server_port}/cache/epub/12/pg12.txt",
        "passage": 0,
    }
    (licence,) = {i.reason for i in items if isinstance(i, PassedOver)}
    assert licence == "Project Gutenberg's header, licence and credits"
    sums = (tmp_path / "gutenberg" / "SHA256SUMS").read_text().splitlines()
    assert sums[0] == f"{hashlib.sha256(book(12, 'On Quartets')).hexdigest()}  12.txt"
    assert len(sums) == 2


def test_a_book_under_copyright_says_so(mirror, tmp_path):
    note = "This is a COPYRIGHTED Project Gutenberg eBook.\n"
    mirror.pages["/cache/epub/3/pg3.txt"] = book(3, "New", note)
    found = open_input("gutenberg:3", SourceSettings(gutenberg=settings(mirror)), tmp_path)
    assert "copyrighted" in next(found.units(1)[0]()).metadata["licence"]


def test_what_is_there_is_not_asked_for_again_and_what_is_damaged_is(mirror, tmp_path):
    for number in (12, 13):
        mirror.pages[f"/cache/epub/{number}/pg{number}.txt"] = book(number, "T")
    fetch_books([12, 13], tmp_path, settings(mirror))
    fetch_books([13, 12], tmp_path, settings(mirror))
    assert len(mirror.asked) == 2
    (tmp_path / "13.txt").write_bytes(b"cut")
    again = fetch_books([12, 13], tmp_path, settings(mirror))
    assert mirror.asked[2:] == ["/cache/epub/13/pg13.txt"]
    assert again.paths[1].read_bytes() == book(13, "T")


def test_failures_that_pass_are_tried_again(mirror, tmp_path):
    whole = book(12, "T")
    mirror.pages["/cache/epub/12/pg12.txt"] = [503, (whole[:100],), whole]
    found = fetch_books([12], tmp_path, settings(mirror))
    assert found.paths[0].read_bytes() == whole and len(mirror.asked) == 3


def test_a_mirror_that_keeps_failing_stops_the_run_with_one_line(mirror, tmp_path, capsys):
    mirror.pages["/cache/epub/12/pg12.txt"] = 503
    with pytest.raises(ConnectionError, match=r"pg12.txt: answers 503 \(3 requests\)"):
        fetch_books([12], tmp_path, settings(mirror))
    file = tmp_path / "settings.yaml"
    file.write_text(
        "source: {gutenberg: {mirror: 'http://127.0.0.1:9', retries: 0, seconds_between: 0}}"
    )
    arguments = ["--source", "gutenberg:12", "--out", str(tmp_path / "out")]
    assert main([*arguments, "--settings", str(file)]) == OUTSIDE
    assert capsys.readouterr().err.startswith("pipeline: http://127.0.0.1:9/cache/epub/12")


@pytest.mark.parametrize(
    "error", [httpx.TooManyRedirects("x"), httpx.DecodingError("x"), httpx.InvalidURL("x")]
)
def test_whatever_fails_between_here_and_a_mirror_is_one_line(tmp_path, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(gutenberg.httpx, "stream", fails)
    with pytest.raises(SourceFailed, match=r"pg12.txt: x \(1 requests\)"):
        fetch_books([12], tmp_path, GutenbergSettings(retries=0))


def test_pauses_are_polite(mirror, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(gutenberg.time, "sleep", pauses.append)
    mirror.pages["/cache/epub/12/pg12.txt"] = [429, 503, book(12, "T")]
    mirror.pages["/cache/epub/13/pg13.txt"] = book(13, "T")
    fetch_books([12, 13], tmp_path, settings(mirror, seconds_between=3))
    assert pauses == [6, 12, 3], "twice as long after each failure, and one between two books"


def test_books_that_cannot_be_had_are_quarantined(mirror, tmp_path):
    mirror.pages["/cache/epub/12/pg12.txt"] = book(12, "T")
    mirror.pages["/cache/epub/13/pg13.txt"] = b"<!DOCTYPE html><html>Sorry</html>"
    mirror.pages["/cache/epub/15/pg15.txt"] = b"x" * 5000
    mirror.pages["/cache/epub/16/pg16.txt"] = book(16, "T")
    options = settings(mirror, largest_book_bytes=4800 + len(PROSE) * 0, sha256={16: "0" * 64})
    options = options.model_copy(update={"largest_book_bytes": len(book(12, "T")) + 10})
    found = fetch_books([12, 13, 14, 15, 16], tmp_path, options)
    assert [p.name for p in found.paths] == ["12.txt"]
    reasons = {item.place: item.reason for item in found.missing}
    assert reasons["gutenberg:14"] == reasons["gutenberg:13"] == "the mirror answers 404"
    assert reasons["gutenberg:16"].startswith("its checksum is ")


def test_a_book_over_the_limit_is_refused(mirror, tmp_path):
    mirror.pages["/cache/epub/15/pg15.txt"] = b"x" * 5000
    options = settings(mirror, largest_book_bytes=100, layouts=("{mirror}/cache/epub/15/pg15.txt",))
    (missing,) = fetch_books([15], tmp_path, options).missing
    assert missing.reason == "longer than 100 bytes"


def test_the_pipeline_reads_books_and_accounts_for_those_it_could_not_have(mirror, tmp_path):
    mirror.pages["/cache/epub/12/pg12.txt"] = book(12, "On Quartets")
    options = PipelineSettings(classifier="off", source=SourceSettings(gutenberg=settings(mirror)))
    result = run_pipeline("gutenberg:12,99", tmp_path / "out", options)
    kept = list(read_documents(result.kept))
    assert {d.metadata["title"] for d in kept} == {"On Quartets"}
    assert "gutenberg:99" in result.quarantine.read_text()
    asked = len(mirror.asked)
    assert run_pipeline("gutenberg:12,99", tmp_path / "out", options) == result
    assert len(mirror.asked) == asked + 4, "only the missing book, at its four addresses"


@pytest.mark.parametrize("text", ["", "a", "1,,2", "1;2", "-3"])
def test_numbers_of_books_are_checked(text):
    with pytest.raises(ValueError, match="numbers of books"):
        book_numbers(text)
    assert book_numbers("3,1,3") == [3, 1]
