"""The client of endpoints: odd replies, trouble on the way, and keys that are never shown."""

import base64
import html
import json
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

import httpx
import pytest

from mucpt_utils.musicsimpleqa.__main__ import main
from mucpt_utils.musicsimpleqa.asking import client
from mucpt_utils.musicsimpleqa.asking.client import (
    FILTERED,
    Endpoint,
    EndpointError,
    Reply,
    ask_all,
)
from mucpt_utils.musicsimpleqa.asking.secrecy import KeyUnusable, secrets_of, shown

KEY = "sk-Proj_4f/9+x=='"
URL = "http://localhost:9/v1"


@pytest.fixture
def server(monkeypatch):
    """A function that makes requests get replies one after another, the last one again and again.

    A reply is an exception, bytes, a text or what is sent as JSON; it returns the endpoint.
    """

    def reply(*contents, status=200, retries=0, headers=None, **options):
        waiting = list(contents)

        def fetch(url, body, sent, timeout):
            content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(content, Reply):
                return content
            if isinstance(content, Exception):
                raise content
            if not isinstance(content, bytes):
                text = content if isinstance(content, str) else json.dumps(content)
                content = text.encode()
            return Reply(status, headers or {}, content)

        monkeypatch.setattr(client, "fetch", fetch)
        options = {"sleep": lambda seconds: None, **options}
        return Endpoint(URL, "m", "TEST_KEY", retries=retries, **options)

    monkeypatch.setenv("TEST_KEY", KEY)
    return reply


def chat_reply(content):
    return {"choices": [{"message": {"content": content}}]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Nirvana", "Nirvana"),
        (None, ""),
        ("", ""),
        ([{"type": "text", "text": "Nir"}, {"type": "text", "text": "vana"}], "Nirvana"),
        ([{"type": "image_url"}, {"type": "text", "text": "x"}], "x"),
        ([], ""),
    ],
)
def test_a_reply_is_text_nothing_or_parts(server, content, text):
    assert server(chat_reply(content)).chat([], 5).text == text


THOUGHTS = {"role": "assistant", "reasoning_content": "Let me think ..."}


def test_an_empty_answer_may_be_left_out(server):
    """A model that has only thought, and one that ends its line at once, answer nothing."""
    chat = {"choices": [{"message": THOUGHTS, "finish_reason": "length"}]}
    assert server(chat).chat([], 5).text == ""
    refused = {"role": "assistant", "refusal": "No."}
    assert server({"choices": [{"message": refused}]}).chat([], 5).text == "No."
    assert server({"choices": [{"index": 0, "finish_reason": "stop"}]}).complete("x", 5).text == ""
    assert (
        server({"choices": [{"text": None, "finish_reason": "stop"}]}).complete("x", 5).text == ""
    )


@pytest.mark.parametrize(
    "choice", [{}, {"index": 0}, {"message": THOUGHTS, "finish_reason": "length"}, None, "text"]
)
def test_what_is_no_completion_is_not_taken_for_an_empty_one(server, choice):
    with pytest.raises(EndpointError, match="not an OpenAI-compatible endpoint"):
        server({"choices": [choice]}).complete("x", 5)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": "content_filter", "message": "The prompt was filtered", "status": 400}),
        (400, {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        (400, {"code": "data_inspection_failed"}),
        (403, {"type": "content_policy_violation", "code": 403}),
        (200, {"code": "content_filter"}),
    ],
)
def test_a_prompt_that_a_filter_refuses_has_an_empty_response(server, status, error):
    """The run goes on: no other try and no other day changes it."""
    assert server({"error": error}, status=status).chat([], 5) == ("", FILTERED)


@pytest.mark.parametrize("choice", [{}, {"message": None}, {"message": {}}, {"text": None}])
def test_a_filter_may_take_the_message_away(server, choice):
    withheld = {"choices": [{**choice, "finish_reason": FILTERED}]}
    assert server(withheld).chat([], 5) == server(withheld).complete("x", 5) == ("", FILTERED)


@pytest.mark.parametrize("error", ["content_filter", {"message": "content_filter"}, {"code": 7}])
def test_what_only_speaks_of_a_filter_is_no_filter(server, error):
    with pytest.raises(EndpointError, match="refuses: HTTP 400"):
        server({"error": error}, status=400).chat([], 5)


def test_what_ended_a_response_holds_no_key(server):
    choice = {"message": {"content": "x"}, "finish_reason": f"stop {KEY}"}
    assert server({"choices": [choice]}).chat([], 5) == ("x", "stop ***")


def test_a_refusal_is_what_was_said(server):
    message = {"content": None, "refusal": "I can't help with that."}
    assert server({"choices": [{"message": message}]}).chat([], 5).text == "I can't help with that."


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {}}]},
        {"choices": [{"message": {"answer": "Nirvana"}}]},
        {"choices": [{"message": "the role of content"}]},
        chat_reply(7),
        chat_reply({"a": 1}),
        chat_reply([7]),
        "<html>not json</html>",
        "",
        [],
    ],
)
def test_what_is_not_a_reply_is_said_on_one_line(server, content):
    with pytest.raises(EndpointError, match="not an OpenAI-compatible endpoint") as caught:
        server(content).chat([], 5)
    assert "\n" not in str(caught.value)


BEARER = f"Authorization: Bearer {KEY}"
SPELLINGS = {
    "as it is": KEY,
    "another case": KEY.upper(),
    "in JSON": json.dumps({"k": KEY}),
    "quoted": repr(KEY),
    "in a URL": quote(KEY, safe=""),
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "bearer": f"Bearer {KEY}\nnext line",
    "on lines": "\n".join(KEY),
    "on lines in JSON": json.dumps("\n".join(KEY)),
    "JSON in JSON": json.dumps(json.dumps({"k": KEY})),
    "escaped": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "in octal": "".join(f"\\{ord(c):03o}" for c in KEY),
    "every sign percent-encoded": "".join(f"%{ord(c):02x}" for c in KEY),
    "encoded twice": quote(quote(KEY, safe=""), safe=""),
    "as entities": "".join(f"&#{ord(c)};" for c in KEY),
    "quoted for HTML": html.escape(KEY),
    "header in base64": base64.b64encode(BEARER.encode()).decode(),
    "user in base64": base64.b64encode(f"me:{KEY}".encode()).decode(),
    "base64 for URLs, on lines": "\n".join(base64.urlsafe_b64encode(f"x{KEY}".encode()).decode()),
    "in hexadecimal": KEY.encode().hex(" ").upper(),
    "as bytes": str(list(KEY.encode())),
    "as bytes of C": ", ".join(f"0x{c:02x}" for c in KEY.encode()),
    "as octal numbers": " ".join(f"{c:o}" for c in KEY.encode()),
    "as binary numbers": " ".join(f"{c:08b}" for c in KEY.encode()),
    "in base32": base64.b32encode(KEY.encode()).decode(),
    "escaped in braces": "".join(f"\\u{{{ord(c):x}}}" for c in KEY),
    "between tags": "<wbr>".join(KEY),
    "backwards": KEY[::-1],
    "full width": "".join(chr(ord(c) + 0xFEE0) for c in KEY),
    "its first half": KEY[:11],
}


@pytest.mark.parametrize("spelling", list(SPELLINGS.values()), ids=list(SPELLINGS))
@pytest.mark.parametrize("status", [200, 401, 500])
def test_the_key_is_shown_in_no_spelling(server, spelling, status):
    with pytest.raises(EndpointError) as caught:
        server(f"invalid key {spelling} given", status=status).chat([], 5)
    message = str(caught.value)
    assert "***" in message and "\n" not in message
    assert spelling not in message
    encoded = base64.b64encode(KEY.encode()).decode().rstrip("=")
    for secret in (KEY, quote(KEY, safe=""), encoded):
        assert secret.lower() not in message.lower()


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError(f"no route, {KEY}"),
        httpx.InvalidURL(f"bad port {KEY}"),
        ValueError(f"Unknown scheme for proxy URL http://user:{KEY}@proxy"),
        UnicodeEncodeError("ascii", KEY, 0, 1, "no"),
        OSError(f"could not find a certificate {KEY}"),
    ],
)
def test_trouble_on_the_way_is_one_line_without_the_key(server, error):
    with pytest.raises(EndpointError) as caught:
        server(error).chat([], 5)
    message = str(caught.value)
    assert KEY not in message and "\n" not in message


def test_a_key_with_a_line_end_is_used_without_it(server, monkeypatch):
    monkeypatch.setenv("TEST_KEY", f" {KEY}\n")
    assert server(chat_reply("x")).chat([], 5).text == "x"


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-ä", "sk-a b", "sk-a\x7f"])
def test_a_key_that_no_header_carries_is_named_and_not_shown(server, monkeypatch, key):
    monkeypatch.setenv("TEST_KEY", key)
    with pytest.raises(KeyUnusable, match="TEST_KEY") as caught:
        server(chat_reply("x")).chat([], 5)
    assert key not in str(caught.value)


@pytest.mark.parametrize("text", ["the key is wrong", "sk-Proj-... of another", "4f 9x"])
def test_what_holds_no_key_is_shown(text):
    assert shown(text, (KEY,)) == text


def test_a_key_in_an_answer_is_not_kept(server):
    assert (
        server(chat_reply(f"It is {KEY}, and\nQueen")).chat([], 5).text == "It is ***, and\nQueen"
    )


def test_passwords_in_addresses_are_not_shown(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HTTP_PROXY", "socks9://ann:s3cret@proxy:1")
    command = ["--base-url", "http://ann:s3cret@localhost:9/v1", "--model", "m", "--retries", "0"]
    assert main([*command, "--limit", "1", "--out", str(tmp_path), "--quiet"]) == 3
    error = capsys.readouterr().err
    assert "s3cret" not in error and error.count("\n") == 1


@pytest.mark.parametrize("url", ["https://ann:p%40ss-word@host/v1", "https://p%40ss-word@host/v1"])
def test_the_password_of_an_address_is_a_secret_in_every_spelling(url):
    for spelling in ("p%40ss-word", "p@ss-word", base64.b64encode(b"ann:p@ss-word").decode()):
        assert "***" in shown(f"401 for {spelling}", secrets_of("", url))
    assert shown("http://ann:p@ss/word@host died", ()) == "http://***@host died"


def test_no_part_of_a_password_that_is_no_url_is_shown(server, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://ann:s3cret/pass@proxy:1")
    with pytest.raises(EndpointError) as caught:
        server(httpx.InvalidURL("Invalid port: 's3cret'")).chat([], 5)
    assert "s3cret" not in str(caught.value)


# --- trouble that passes, and trouble that does not -----------------------------------------------


ERROR = {"error": {"message": "rate limited", "code": 429}}


LATE = {"choices": [{"message": {"content": "Ni"}, "error": {"code": 502}}]}
FIRST = [ERROR, LATE, Reply(500, {}, b""), Reply(529, {}, b"overloaded")]


@pytest.mark.parametrize("first", FIRST)
def test_what_may_pass_is_asked_again(server, first):
    assert server(first, chat_reply("x"), retries=1).chat([], 5).text == "x"
    with pytest.raises(EndpointError, match="does not answer after 2 attempts: HTTP"):
        server(first, retries=1).chat([], 5)


def test_an_address_that_has_moved_is_named(server):
    headers = {"location": f"https://me:{KEY}@elsewhere/v1"}
    with pytest.raises(EndpointError, match="HTTP 301 to https://elsewhere/v1") as caught:
        server("", status=301, headers=headers).chat([], 5)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("-3", 0),
        ("nan", 60),
        ("9e999", 60),
        ("soon", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", 0),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(days=1)), 60, id="tomorrow"),
    ],
)
def test_a_server_says_how_long_to_wait(server, said, seconds):
    pauses = []
    headers = {"retry-after": said}
    endpoint = server(
        *[Reply(429, headers, b""), chat_reply("x")], retries=1, pause=0, sleep=pauses.append
    )
    assert endpoint.chat([], 5).text == "x" and pauses == [seconds]


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"choices":' + b"9" * 9000 + b"}", b"\xff{"])
def test_what_json_readers_choke_on_is_said_on_one_line(server, content):
    with pytest.raises(EndpointError, match="not an OpenAI-compatible endpoint") as caught:
        server(content).chat([], 5)
    assert "\n" not in str(caught.value)


@pytest.fixture
def raw_server():
    """A function that serves bytes as they are, each after a pause of so many seconds."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(parts, pause=0.0):
        def answer():
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        for part in parts:
                            connection.sendall(part)
                            time.sleep(pause)

        threading.Thread(target=answer, daemon=True).start()
        return Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", "m", retries=0)

    yield serve
    listener.close()


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"\x00\xff nonsense\r\n\r\n"],
        [HEAD + b"Content-Length: 99\r\n\r\n{"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\ngarbage"],
        [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
        [HEAD + b"Content-Length: 99999999\r\n\r\n", *[b" " * 2**20] * 6],
    ],
    ids=["nothing", "no HTTP", "cut", "bad chunks", "no gzip", "too large"],
)
def test_a_damaged_reply_is_one_line(raw_server, parts):
    with pytest.raises(EndpointError, match="does not answer after 1 attempts") as caught:
        raw_server(parts).chat([], 5)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("head", [HEAD + b"X: ", HEAD + b"Content-Length: 99\r\n\r\n"])
def test_a_reply_that_trickles_in_is_not_waited_for(raw_server, head):
    left = iter([head, *[b"a"] * 1000])
    endpoint = raw_server(left, pause=0.1)
    with pytest.raises(EndpointError, match="no whole reply within 0.5 seconds"):
        Endpoint(endpoint.base_url, "m", retries=0, timeout=0.5).chat([], 5)
    assert next(left, None), "the server was not yet through with its reply"


# --- many at a time -------------------------------------------------------------------------------


def test_what_came_in_before_a_failure_is_given_out():
    def ask(index):
        if index == 1:
            time.sleep(0.05)
            raise EndpointError("down")
        time.sleep(0.2 if index == 2 else 0)
        return str(index)

    came = {}
    with pytest.raises(EndpointError, match="down"):
        fill(came, ask_all(ask, 50, 3, progress=False))
    assert came[0] == "0" and came[2] == "2"


def fill(came, answers):
    for index, text in answers:
        came[index] = text


def test_every_index_is_asked_once():
    asked = []
    rows = dict(ask_all(lambda index: asked.append(index) or str(index), 40, 8, progress=False))
    assert sorted(asked) == list(range(40)) and rows == {i: str(i) for i in range(40)}
