"""A client of any OpenAI-compatible endpoint: retries with back-off, many requests at a time."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, NamedTuple, TypeVar

import httpx
from tqdm import tqdm

from mucpt_utils.errors import OutsideError
from mucpt_utils.musicsimpleqa.asking.secrecy import (
    HIDDEN,
    PIECE,
    USER_OF_URL,
    read_key,
    secrets_of,
    shown,
)

RETRIED = frozenset({408, 409, 425, 429})  # and every server error (5xx)
LONGEST_PAUSE = 60.0
LARGEST_REPLY = 2**22  # bytes
FILTERED = "content_filter"  # how servers call what ended a response that they withhold
# in the codes of the errors by which they refuse a prompt for the same reason
FILTERS = re.compile(r"content_?(filter|policy)|data_?inspection|moderation|responsible_?ai", re.I)
Given = TypeVar("Given")


class EndpointError(OutsideError, RuntimeError):
    """The server does not answer, or refuses; the message never holds the key."""


class Response(NamedTuple):
    """What a model says: the text, and what ended it in the server's words; "" if it has none."""

    text: str
    ended: str = ""


class Reply(NamedTuple):
    """What a server sent: status, headers and the bytes of the body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text for showing, whatever it is."""
        return self.content.decode("utf-8", "replace")

    @property
    def value(self) -> Any:
        """The body's JSON; None for anything else."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    @property
    def error(self) -> Any:
        """The error in the body, of the request or of its first choice; None for none.

        Some servers report it with status 200, and one of the model beside what it had said.
        """
        value = self.value
        choices = value.get("choices") if isinstance(value, dict) else None
        place = choices[0] if isinstance(choices, list) and choices else value
        return place.get("error") if isinstance(place, dict) else None

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        failed = self.status == httpx.codes.OK and bool(self.error)
        return self.status in RETRIED or self.status >= 500 or failed

    @property
    def is_filtered(self) -> bool:
        """Whether a filter of the server refuses the prompt, as it will again."""
        error = self.error
        parts = (error, error.get("innererror")) if isinstance(error, dict) else ()
        told = [p.get(name) for p in parts if isinstance(p, dict) for name in ("code", "type")]
        return any(isinstance(code, str) and FILTERS.search(code) for code in told)


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, and how patiently.

    base_url: the part before `/chat/completions`, as in http://localhost:8000/v1. key_variable:
    the environment variable that holds the key; the key itself is in no field, log or cache.
    timeout: seconds for a whole reply.
    """

    base_url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    timeout: float = 120.0
    retries: int = 5
    pause: float = 0.5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def complete(self, prompt: str, max_tokens: int) -> Response:
        """The greedy continuation of a prompt, up to its first newline if the server supports that.

        Raises EndpointError, as `chat` does.
        """
        body = {"prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "stop": ["\n"]}
        return self._post("completions", body, continuation)

    def chat(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> Response:
        """The greedy reply to a conversation. Raises EndpointError, see `_post`."""
        body = {"messages": list(messages), "max_tokens": max_tokens, "temperature": 0}
        return self._post("chat/completions", body, said)

    def _post(self, path: str, body: dict, text_of: Callable[[dict], object]) -> Response:
        """The server's first choice; an empty one if its filter refuses the prompt.

        Raises EndpointError after the last retry, for a refusal, and for a reply without a text.
        """
        key = read_key(self.key_variable)
        secrets = secrets_of(key, self.base_url)
        url = f"{self.base_url.rstrip('/')}/{path}"
        where = shown(USER_OF_URL.sub("", url), secrets)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        asked = {"model": self.model, **body}
        problem, wait = "", 0.0
        for attempt in range(self.retries + 1):
            if attempt:
                # full jitter: clients that failed together do not come back together
                limit = min(LONGEST_PAUSE, self.pause * 2 ** min(attempt - 1, 30))
                self.sleep(max(wait, random.uniform(limit / 2, limit)))
            try:
                reply = within(self.timeout, lambda: fetch(url, asked, headers, self.timeout))
            except httpx.HTTPError as error:
                problem, wait = shown(f"{type(error).__name__}: {error}", secrets), 0.0
                continue
            except (httpx.InvalidURL, ValueError, OSError, ImportError) as error:
                # an unusable URL, or an unusable proxy of the environment: no retry helps
                reason = shown(f"{type(error).__name__}: {error}", secrets)
                raise EndpointError(f"{where} cannot be asked: {reason}") from None
            if reply.is_filtered:
                return Response("", FILTERED)
            if reply.is_passing:
                problem, wait = described(reply, secrets), retry_after(reply)
                continue
            if reply.status != httpx.codes.OK:
                raise EndpointError(f"{where} refuses: {described(reply, secrets)}")
            try:
                text, ended = response_of(reply.value["choices"][0], text_of)
                return Response(without_secrets(text, secrets), shown(ended, secrets))
            except (KeyError, IndexError, TypeError, AttributeError):
                raise EndpointError(
                    f"{where} is not an OpenAI-compatible endpoint: {shown(reply.text, secrets)!r}"
                ) from None
        attempts = self.retries + 1
        raise EndpointError(f"{where} does not answer after {attempts} attempts: {problem}")


# --- one request ----------------------------------------------------------------------------------


def fetch(url: str, body: Mapping, headers: Mapping[str, str], timeout: float) -> Reply:
    """The whole reply to one request.

    Raises httpx.HTTPError for connection trouble, and for a reply that is too large or takes
    longer than `timeout` seconds, even if it keeps coming.
    """
    end, content = time.monotonic() + timeout, bytearray()
    sent = json.dumps(body).encode()  # in ASCII, so that even half a character can be sent
    headers = {"Content-Type": "application/json", **headers}
    with httpx.stream("POST", url, headers=headers, content=sent, timeout=timeout) as reply:
        for chunk in reply.iter_bytes():
            content += chunk
            if len(content) > LARGEST_REPLY:
                raise httpx.ReadError(f"a reply of more than {LARGEST_REPLY:,} bytes")
            if time.monotonic() > end:
                raise httpx.ReadTimeout(f"no whole reply within {timeout:g} seconds")
        return Reply(reply.status_code, reply.headers, bytes(content))


def within(seconds: float, request: Callable[[], Reply]) -> Reply:
    """What a request returns or raises; httpx.ReadTimeout if it is not done in time.

    A server that sends its headers byte by byte stays within every single limit and never ends.
    """
    outcome: SimpleQueue[tuple[Reply | None, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((request(), None))
        except Exception as error:  # raised again in the thread that waits
            outcome.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        reply, error = outcome.get(timeout=seconds)
    except Empty:
        raise httpx.ReadTimeout(f"no whole reply within {seconds:g} seconds") from None
    if reply is None:
        raise error or RuntimeError("no reply")
    return reply


def described(reply: Reply, secrets: Sequence[str]) -> str:
    """Status and body of a reply on one line, and where it redirects to; without the secrets."""
    target = reply.headers.get("location", "")
    to = f" to {shown(USER_OF_URL.sub('', target), secrets)}" if target else ""
    return f"HTTP {reply.status}{to}: {shown(reply.text, secrets)!r}"


def retry_after(reply: Reply) -> float:
    """Seconds that the server asks to wait, given as a number or a date; 0 if it does not say."""
    said = reply.headers.get("retry-after", "0")
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):  # no date, or one without its zone
            return 0.0
    return max(0.0, min(LONGEST_PAUSE, seconds))


def response_of(choice: dict, text_of: Callable[[dict], object]) -> Response:
    """What a choice says. Raises what `text_of` and `plain_text` raise for what is no choice."""
    ended = choice.get("finish_reason")
    # a filter may take away the message as well
    is_withheld = ended == FILTERED and not (choice.get("message") or choice.get("text"))
    text = "" if is_withheld else plain_text(text_of(choice))
    return Response(text, ended if isinstance(ended, str) else "")


def continuation(choice: dict) -> object:
    """The text of a completion's choice; None where a server leaves an empty text out.

    Raises KeyError for what is no choice of a completion, such as that of a chat.
    """
    left_out = "finish_reason" in choice and "message" not in choice
    return choice.get("text") if left_out else choice["text"]


def said(choice: dict) -> object:
    """What the message of a chat's choice says, or its refusal; None for neither.

    Servers leave `content` out, or make it null, where a model has only thought. Raises KeyError
    for what is no message.
    """
    message = choice["message"]
    content = message.get("content") if "role" in message else message["content"]
    return message.get("refusal") if content is None else content


def plain_text(content: object) -> str:
    """A reply's text: a string, nothing, or a list of parts, whose texts are joined.

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


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """A reply made safe to keep: a server may echo the key in it."""
    for secret in secrets:
        if len(secret) >= PIECE:
            text = text.replace(secret, HIDDEN)
    return text


# --- many requests --------------------------------------------------------------------------------


def ask_all(
    ask: Callable[[int], Given], count: int, concurrency: int, progress: bool = True
) -> Iterator[tuple[int, Given]]:
    """(index, `ask(index)`) for every index below `count`, as they come, `concurrency` at a time.

    Raises what the first failing `ask` raised, after those already running have ended and what they
    returned has been yielded. An interruption waits for none of them.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    outcomes: SimpleQueue[tuple[int, Any, Exception | None]] = SimpleQueue()
    stopped = Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                index = waiting.get_nowait()
            except Empty:
                return
            try:
                outcomes.put((index, ask(index), None))
            except Exception as error:  # raised again by ask_all
                stopped.set()
                outcomes.put((index, None, error))

    for index in range(count):
        waiting.put(index)
    # daemons: an interrupted command ends without them
    workers = [Thread(target=work, daemon=True) for _ in range(min(concurrency, count))]
    for worker in workers:
        worker.start()
    failure = None
    try:
        with tqdm(total=count, desc="answers", unit="answer", disable=not progress) as bar:
            for index, given, error in arrivals(workers, outcomes):
                failure = failure or error
                if error is None:
                    yield index, given
                    bar.update()
    finally:
        stopped.set()
    if failure:
        raise failure


def arrivals(
    workers: Sequence[Thread], outcomes: "SimpleQueue[tuple[int, Any, Exception | None]]"
) -> Iterator[tuple[int, Any, Exception | None]]:
    """What the workers put into the queue, until all of them have ended and it is empty."""
    while True:
        ended = not any(worker.is_alive() for worker in workers)
        try:
            yield outcomes.get(block=not ended, timeout=0.1)
        except Empty:
            if ended:
                return
