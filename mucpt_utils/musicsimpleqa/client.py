"""A client of any OpenAI-compatible endpoint: retries with back-off, many requests at a time."""

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import httpx
from tqdm import tqdm

RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE = 60.0


class EndpointError(RuntimeError):
    """The server does not answer, or refuses; the message never holds the key."""


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
        """The greedy continuation of a prompt, up to its first newline where the server can."""
        body = {"prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "stop": ["\n"]}
        return self._post("completions", body)["choices"][0]["text"]

    def chat(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> str:
        """The greedy reply to a conversation."""
        body = {"messages": list(messages), "max_tokens": max_tokens, "temperature": 0}
        return self._post("chat/completions", body)["choices"][0]["message"]["content"] or ""

    def _post(self, path: str, body: dict) -> dict:
        """The server's JSON. Raises EndpointError after the last retry, or for a refusal."""
        url = f"{self.base_url.rstrip('/')}/{path}"
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
                    headers=self._headers(),
                    timeout=self.timeout,
                )
            except httpx.HTTPError as error:
                problem, wait = f"{type(error).__name__}: {error}", 0.0
                continue
            if reply.status_code == httpx.codes.OK:
                return self._parsed(reply, url)
            problem = f"HTTP {reply.status_code}: {self._clean(reply.text)[:300]}"
            if reply.status_code not in RETRIED:
                raise EndpointError(f"{url} refuses: {problem}")
            wait = _retry_after(reply)
        raise EndpointError(
            f"{url} does not answer after {self.retries + 1} attempts: {self._clean(problem)}"
        )

    def _parsed(self, reply: httpx.Response, url: str) -> dict:
        try:
            data = reply.json()
            data["choices"][0]
        except (ValueError, KeyError, IndexError, TypeError):
            text = self._clean(reply.text)[:300]
            raise EndpointError(f"{url} is no OpenAI-compatible endpoint: {text!r}") from None
        return data

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.key_variable)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _clean(self, text: str) -> str:
        """The text without the key, should the server have echoed it."""
        key = os.environ.get(self.key_variable)
        return text.replace(key, "***") if key else text


def _retry_after(reply: httpx.Response) -> float:
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
