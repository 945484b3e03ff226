"""A client of any OpenAI-compatible endpoint: retries with back-off, many requests at a time."""

import base64
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
from tqdm import tqdm

from mucpt_utils.errors import MuCPTError, OutsideError

RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE = 60.0
HIDDEN = "***"
USER_OF_URL = re.compile(r"(?<=://)[^/@\s]+@")  # name and password in a URL, a proxy's too


class EndpointError(OutsideError, RuntimeError):
    """The server does not answer, or refuses; the message never holds the key."""


class KeyUnusable(MuCPTError, ValueError):
    """A key that no request can carry; the message names its variable alone."""


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, and how patiently.

    base_url: up to and without `/chat/completions`, as in http://localhost:8000/v1. key_variable:
    the environment variable that holds the key; the key itself is in no field, log or cache.
    """

    base_url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    timeout: float = 120.0
    retries: int = 5
    pause: float = 0.5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def complete(self, prompt: str, max_tokens: int) -> str:
        """The greedy continuation of a prompt, up to its first newline where the server can.

        Raises EndpointError, as `chat` does.
        """
        body = {"prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "stop": ["\n"]}
        return self._post("completions", body, lambda choice: choice["text"])

    def chat(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> str:
        """The greedy reply to a conversation."""
        body = {"messages": list(messages), "max_tokens": max_tokens, "temperature": 0}

        def said(choice: dict) -> object:
            message = choice["message"]
            return message.get("refusal") if message["content"] is None else message["content"]

        return self._post("chat/completions", body, said)

    def _post(self, path: str, body: dict, text_of: Callable[[dict], object]) -> str:
        """The text of the server's first choice.

        Raises EndpointError after the last retry, for a refusal, and for a reply without a text.
        """
        url = f"{self.base_url.rstrip('/')}/{path}"
        shown_url = USER_OF_URL.sub("", url)
        key = read_key(self.key_variable)
        problem, wait = "", 0.0
        for attempt in range(self.retries + 1):
            if attempt:
                # full jitter: many clients that failed together do not come back together
                limit = min(LONGEST_PAUSE, self.pause * 2 ** (attempt - 1))
                self.sleep(max(wait, random.uniform(limit / 2, limit)))
            try:
                reply = httpx.post(
                    url,
                    json={"model": self.model, **body},
                    headers={"Authorization": f"Bearer {key}"} if key else {},
                    timeout=self.timeout,
                )
            except httpx.HTTPError as error:
                problem, wait = without_key(f"{type(error).__name__}: {error}", key), 0.0
                continue
            except (httpx.InvalidURL, ValueError, OSError, ImportError) as error:
                # a URL or a proxy of the environment that cannot be used: no retry helps
                reason = without_key(f"{type(error).__name__}: {error}", key)
                raise EndpointError(f"{shown_url} cannot be asked: {reason}") from None
            shown = without_key(reply.text, key)[:300]
            problem, wait = f"HTTP {reply.status_code}: {shown!r}", retry_after(reply)
            if reply.status_code == httpx.codes.OK:
                try:
                    return plain_text(text_of(reply.json()["choices"][0]))
                except (ValueError, KeyError, IndexError, TypeError, AttributeError):
                    problem = f"{shown_url} is not an OpenAI-compatible endpoint: {shown!r}"
                    raise EndpointError(problem) from None
            if reply.status_code not in RETRIED:
                raise EndpointError(f"{shown_url} refuses: {problem}")
        attempts = self.retries + 1
        raise EndpointError(f"{shown_url} does not answer after {attempts} attempts: {problem}")


def plain_text(content: object) -> str:
    """A reply's text: a string, nothing, or a list of parts of which the texts are joined.

    Raises TypeError for anything else.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError(f"{type(content).__name__} is not a reply")
    texts = (part if isinstance(part, str) else part.get("text") or "" for part in content)
    return "".join(texts)


def read_key(variable: str) -> str:
    """The key in an environment variable, without blanks and line ends around it; "" for none.

    Raises KeyUnusable for one with signs that a request's header cannot carry.
    """
    key = os.environ.get(variable, "").strip()
    if any(not "!" <= character <= "~" for character in key):
        raise KeyUnusable(f"{variable} holds signs that no key has: a blank, a line end, an accent")
    return key


def without_key(text: str, key: str) -> str:
    """A text that may be shown on one line: without the key, however it is spelt.

    A server may echo it quoted, escaped, percent-encoded or in base64; a proxy of the environment
    may hold a password of its own.
    """
    text = USER_OF_URL.sub(f"{HIDDEN}@", " ".join(text.split()))
    if not key:
        return text
    encoded = base64.b64encode(key.encode()).decode().rstrip("=")
    spellings = {key, json.dumps(key)[1:-1], repr(key)[1:-1], quote(key, safe=""), encoded}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = re.sub(re.escape(spelling), HIDDEN, text, flags=re.IGNORECASE)
    return text


def retry_after(reply: httpx.Response) -> float:
    """Seconds that the server asks to wait; 0 where it does not say."""
    try:
        return min(LONGEST_PAUSE, float(reply.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0


def ask_all(
    ask: Callable[[int], str], count: int, concurrency: int, progress: bool = True
) -> Iterator[tuple[int, str]]:
    """(index, `ask(index)`) for every index, as they come in, `concurrency` at a time.

    Raises what an `ask` raised, once those already running have ended.
    """
    pool = ThreadPoolExecutor(concurrency)
    try:
        futures = {pool.submit(ask, index): index for index in range(count)}
        bar = tqdm(total=count, desc="answers", unit="answer", disable=not progress)
        with bar:
            for future in as_completed(futures):
                yield futures[future], future.result()
                bar.update()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
