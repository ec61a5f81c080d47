"""A provider on loopback: answers what OpenAI, Anthropic and Cohere answer, for calls that nothing else mocks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from websockets.sync.server import ServerConnection, serve

SOUND = b"\xff\xf3\x14\xc4" + bytes(range(256)) * 8
"""What speech answers: bytes that are no text."""
_CHAT_USAGE: dict[str, Any] = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_DETAILED: dict[str, Any] = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
_COUNTED: dict[str, Any] = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
_WORDS = ("all ", "is well")
_TEXT = "".join(_WORDS)

Answer = Mapping[str, Any] | Sequence[Mapping[str, Any]] | bytes


@contextmanager
def upstream() -> Iterator[str]:
    """Serve until the block ends; gives the URL, without a slash at its end and without `/v1`.

    A chat with a model whose name begins with `detailed` tells cached and reasoning tokens. A call with one that
    begins with `failing` is refused with 429; of one with `breaking` the stream breaks.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def realtime_upstream() -> Iterator[str]:
    """Serve OpenAI's realtime protocol over websockets until the block ends; gives the URL, with `http`."""
    with serve(_realtime, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"


def _realtime(connection: ServerConnection) -> None:
    """Answer each `response.create`; items of the conversation are echoed, as OpenAI does."""
    session = {"id": "sess-1", "type": "realtime", "instructions": "be kind to kim@example.org"}
    connection.send(json.dumps({"type": "session.created", "event_id": "e-1", "session": session}))
    for text in connection:
        asked = json.loads(text)
        if asked["type"] == "conversation.item.create":
            connection.send(json.dumps({"type": "conversation.item.added", "event_id": "e-2", "item": asked["item"]}))
        if asked["type"] == "response.create":
            part = {"type": "output_text", "text": _TEXT}
            item = {"id": "item-1", "type": "message", "role": "assistant", "content": [part]}
            response = {"id": "resp-1", "object": "realtime.response", "status": "completed", "output": [item]}
            done = {"type": "response.done", "event_id": "e-3", "response": {**response, "usage": _COUNTED}}
            connection.send(json.dumps(done))


class _Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:  # a form with a file
            body = {}
        if str(body.get("model")).startswith("failing"):
            self._answer(429, {"error": {"message": "too many requests", "type": "rate_limit", "code": "429"}})
            return
        if str(body.get("model")).startswith("breaking"):
            self._break()
            return
        path = self.path.partition("?")[0]
        answer = next((found for end, found in _ANSWERS.items() if path.endswith(end)), _anything)
        self._answer(200, answer(body))

    def _answer(self, status: int, answer: Answer) -> None:
        if isinstance(answer, bytes):
            kind, data = "audio/mpeg", answer
        elif isinstance(answer, Mapping):
            kind, data = "application/json", json.dumps(answer).encode()
        else:
            kind, data = "text/event-stream", b"".join(map(_event, answer))
            if "type" not in answer[0]:  # events with names end by themselves
                data += b"data: [DONE]\n\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _break(self) -> None:
        """Begin a stream of OpenAI's, and end the connection in the middle of it."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        choice = {"index": 0, "delta": {"role": "assistant", "content": _WORDS[0]}, "finish_reason": None}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "breaking"}
        self.wfile.write(_event({**head, "choices": [choice]}))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


def _event(event: Mapping[str, Any]) -> bytes:
    name = f"event: {event['type']}\n".encode() if "type" in event else b""
    return name + b"data: " + json.dumps(event).encode() + b"\n\n"


def _chat(body: Mapping[str, Any]) -> Answer:
    head = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
    usage = _DETAILED if str(body["model"]).startswith("detailed") else _CHAT_USAGE
    if not body.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": _TEXT}}
        return {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": word} for word in _WORDS)]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    chunks = [{**head, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    return [*chunks, {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}]


def _completion(body: Mapping[str, Any]) -> Answer:
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"]}
    if not body.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "text": _TEXT, "logprobs": None}
        return {**head, "choices": [choice], "usage": _CHAT_USAGE}
    chunks = [{**head, "choices": [{"index": 0, "text": word, "finish_reason": None}]} for word in _WORDS]
    end = {**head, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}], "usage": _CHAT_USAGE}
    return [*chunks, end]


def _embeddings(body: Mapping[str, Any]) -> Answer:
    data = [{"object": "embedding", "index": 0, "embedding": [0.125, 0.25]}]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return {"object": "list", "model": body.get("model"), "data": data, "usage": usage}


def _images(body: Mapping[str, Any]) -> Answer:
    return {"created": 1, "data": [{"url": "https://example.com/cat.png"}]}


def _speech(body: Mapping[str, Any]) -> Answer:
    return SOUND


def _transcription(body: Mapping[str, Any]) -> Answer:
    return {
        "text": _TEXT,
        "usage": {"type": "tokens", **_COUNTED, "input_token_details": {"audio_tokens": 3, "text_tokens": 0}},
    }


def _moderation(body: Mapping[str, Any]) -> Answer:
    result = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.25}}
    return {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}


def _rerank(body: Mapping[str, Any]) -> Answer:
    results = [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}]
    return {"id": "rerank-1", "results": results, "meta": {"billed_units": {"search_units": 1}}}


def _responses(body: Mapping[str, Any]) -> Answer:
    said = {"type": "output_text", "text": _TEXT, "annotations": []}
    message = {"type": "message", "id": "msg-1", "role": "assistant", "status": "completed", "content": [said]}
    response = {
        "id": "resp-1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": body["model"],
        "output": [message],
        "usage": {
            **_COUNTED,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
    }
    if not body.get("stream"):
        return response
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": "msg-1", "output_index": 0, "content_index": 0}
    return [
        {"type": "response.created", "response": begun, "sequence_number": 0},
        *(
            {"type": "response.output_text.delta", **place, "delta": word, "sequence_number": 1 + number}
            for number, word in enumerate(_WORDS)
        ),
        {"type": "response.completed", "response": response, "sequence_number": 3},
    ]


def _messages(body: Mapping[str, Any]) -> Answer:
    usage = {"input_tokens": 3, "output_tokens": 2}
    head = {"id": "msg-1", "type": "message", "role": "assistant", "model": body["model"]}
    if not body.get("stream"):
        content = [{"type": "text", "text": _TEXT}]
        return {**head, "content": content, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    begun = {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1}}
    deltas = [{"type": "text_delta", "text": word} for word in _WORDS]
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]


def _gemini(body: Mapping[str, Any]) -> Answer:
    part = {"text": _TEXT}
    said = {"segment": {"endIndex": 11, "text": _TEXT}, "groundingChunkIndices": [0]}
    grounding = {
        "webSearchQueries": ["is all well"],
        "groundingChunks": [{"web": {"uri": "https://example.com/well", "title": "Well"}}],
        "groundingSupports": [said],
    }
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "groundingMetadata": grounding}
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"}


def _anything(body: Mapping[str, Any]) -> Answer:
    return {"echo": body}


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
    "/chat/completions": _chat,
    "/completions": _completion,
    "/embeddings": _embeddings,
    "/images/generations": _images,
    "/images/edits": _images,
    "/audio/speech": _speech,
    "/audio/transcriptions": _transcription,
    "/moderations": _moderation,
    "/rerank": _rerank,
    "/responses": _responses,
    "/messages": _messages,
    ":generateContent": _gemini,
}
