"""The client of an endpoint, and the judge behind one."""

import http.server
import json
import threading

import pytest
import qa_model

from mucpt_utils.musicsimpleqa.asking.client import Endpoint, EndpointError
from mucpt_utils.musicsimpleqa.judge import UNPARSED, JudgeCache, judge_one, parse_grade


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        ("CORRECT", "correct"),
        ("incorrect.", "incorrect"),
        (" **NOT_ATTEMPTED** ", "not_attempted"),
        ("not attempted", "not_attempted"),
        ("[Correct]!", "correct"),
        ("NOT-ATTEMPTED\n", "not_attempted"),
        ("__INCORRECT__", "incorrect"),
        ("<think>\nThe key is Hole: INCORRECT?\n</think>\n\nCORRECT", "correct"),
        ("<think>\nThe key is CORRECT", None),
        ("CORRECT\n\nThe response names the key.", None),
        ("C", None),
        ("A: CORRECT", None),
        ("CORRECT or INCORRECT", None),
        ("The answer is CORRECT", None),
        ("", None),
    ],
)
def test_judge_reply_is_parsed_strictly(reply, grade):
    assert parse_grade(reply) == grade


class Server:
    """A loopback server that gives the replies it is told to, one after another."""

    def __init__(self, replies):
        self.replies, self.requests, self.headers = list(replies), [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.requests.append(json.loads(self.rfile.read(length)))
                outer.headers.append(dict(self.headers))
                status, content = outer.replies.pop(0)
                choice = {"message": {"content": content}, "text": content}
                body = json.dumps({"choices": [choice]} if status == 200 else content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def endpoint(self, **changes):
        address = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.pauses = []
        options = {"sleep": self.pauses.append, "key_variable": "TEST_KEY", **changes}
        return Endpoint(address, "m", **options)


@pytest.fixture
def serve():
    servers = []

    def start(replies):
        servers.append(Server(replies))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def test_client_tries_again_with_growing_pauses(serve):
    server = serve([(503, "busy"), (429, "slow down"), (200, "Nirvana")])
    endpoint = server.endpoint(retries=3)
    assert endpoint.complete("Question: who?\nAnswer:", 8).text == "Nirvana"
    assert len(server.requests) == 3 and server.requests[0]["temperature"] == 0
    assert 0.25 <= server.pauses[0] <= 0.5 <= server.pauses[1] <= 1


def test_client_gives_up_and_hides_the_key(serve, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "secret-key")
    server = serve([(401, "no such key: secret-key")])
    with pytest.raises(EndpointError, match="refuses: HTTP 401") as error:
        server.endpoint().complete("x", 1)
    assert server.headers[0]["Authorization"] == "Bearer secret-key"
    assert "secret-key" not in str(error.value) and len(server.requests) == 1
    assert "secret-key" not in repr(server.endpoint())
    with pytest.raises(EndpointError, match="after 2 attempts"):
        serve([(500, "secret-key")] * 2).endpoint(retries=1).complete("x", 1)


def test_client_says_when_it_is_no_such_endpoint(serve):
    server = serve([(200, "x")])
    server.replies = [(200, "x")]
    endpoint = server.endpoint()
    endpoint.complete("x", 1)
    server.replies = [(404, "nothing here")]
    with pytest.raises(EndpointError, match="refuses: HTTP 404"):
        endpoint.complete("x", 1)


def test_judge_asks_again_then_counts_as_unparsed(serve, tmp_path):
    question = qa_model.questions()[0]
    server = serve([(200, "It is right"), (200, "CORRECT")])
    cache = JudgeCache(tmp_path)
    assert judge_one(server.endpoint(), question, "Dr. Dre", cache) == "correct"
    assert len(server.requests[1]["messages"]) == 4
    # the second time it is known, and the server is not asked
    assert judge_one(server.endpoint(), question, "Dr. Dre", cache) == "correct"
    assert len(server.requests) == 2
    silent = serve([(200, "hm")] * 3)
    assert judge_one(silent.endpoint(), question, "Snoop Dogg", cache) == UNPARSED
    assert len(list(tmp_path.glob("*.json"))) == 1  # what is no grade is not kept


def test_judge_that_says_nothing_is_asked_again_without_an_empty_turn(serve, tmp_path):
    question = {**qa_model.questions()[0], "aliases": None}
    server = serve([(200, " "), (200, "INCORRECT")])
    assert judge_one(server.endpoint(), question, "x", JudgeCache(tmp_path)) == "incorrect"
    said = [message["content"] for message in server.requests[1]["messages"]]
    assert len(said) == 2 and all(map(str.strip, said))
    assert "Other accepted names: none" in said[1]


def test_judge_cache_holds_no_key_and_survives_damage(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "secret-key")
    question = qa_model.questions()[0]
    cache = JudgeCache(tmp_path)
    judge_one(serve([(200, "CORRECT")]).endpoint(), question, "x", cache)
    (file,) = tmp_path.iterdir()
    assert "secret-key" not in file.read_text()
    file.write_text("{")
    assert judge_one(serve([(200, "INCORRECT")]).endpoint(), question, "x", cache) == "incorrect"
