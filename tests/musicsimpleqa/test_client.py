"""The client of endpoints: odd replies, trouble on the way, and keys that are never shown."""

import base64
import json
from urllib.parse import quote

import httpx
import pytest

from mucpt_utils.musicsimpleqa.__main__ import main
from mucpt_utils.musicsimpleqa.client import Endpoint, EndpointError, KeyUnusable

KEY = "sk-Proj_4f/9+x=='"
URL = "http://localhost:9/v1"


@pytest.fixture
def server(monkeypatch):
    """A function that makes every request get one reply, or raise; it returns the endpoint."""

    def reply(content, status=200, retries=0):
        def post(url, **options):
            if isinstance(content, Exception):
                raise content
            text = content if isinstance(content, str) else json.dumps(content)
            return httpx.Response(status, text=text)

        monkeypatch.setattr(httpx, "post", post)
        return Endpoint(URL, "m", "TEST_KEY", retries=retries, sleep=lambda seconds: None)

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
    assert server(chat_reply(content)).chat([], 5) == text


def test_a_refusal_is_what_was_said(server):
    message = {"content": None, "refusal": "I can't help with that."}
    assert server({"choices": [{"message": message}]}).chat([], 5) == "I can't help with that."


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"message": None}]},
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


SPELLINGS = {
    "as it is": KEY,
    "another case": KEY.upper(),
    "in JSON": json.dumps({"k": KEY}),
    "quoted": repr(KEY),
    "in a URL": quote(KEY, safe=""),
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "bearer": f"Bearer {KEY}\nnext line",
}


@pytest.mark.parametrize("spelling", list(SPELLINGS.values()), ids=list(SPELLINGS))
@pytest.mark.parametrize("status", [200, 401, 500])
def test_the_key_is_shown_in_no_spelling(server, spelling, status):
    with pytest.raises(EndpointError) as caught:
        server(f"invalid key {spelling} given", status).chat([], 5)
    message = str(caught.value)
    assert "***" in message and "\n" not in message
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
    assert server(chat_reply("x")).chat([], 5) == "x"


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-ä", "sk-a b", "sk-a\x7f"])
def test_a_key_that_no_header_carries_is_named_and_not_shown(server, monkeypatch, key):
    monkeypatch.setenv("TEST_KEY", key)
    with pytest.raises(KeyUnusable, match="TEST_KEY") as caught:
        server(chat_reply("x")).chat([], 5)
    assert key not in str(caught.value)


def test_passwords_in_addresses_are_not_shown(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HTTP_PROXY", "socks9://ann:s3cret@proxy:1")
    command = ["--base-url", "http://ann:s3cret@localhost:9/v1", "--model", "m", "--retries", "0"]
    assert main([*command, "--limit", "1", "--out", str(tmp_path), "--quiet"]) == 3
    error = capsys.readouterr().err
    assert "s3cret" not in error and error.count("\n") == 1
