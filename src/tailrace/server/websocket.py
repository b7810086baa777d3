"""A WebSocket as the wire of a conversation."""

from starlette.websockets import WebSocket, WebSocketDisconnect

from tailrace.protocol.ids import NotebookId
from tailrace.server.conversation import ENCODINGS, Conversation, Departed
from tailrace.server.identity import IDENTITY
from tailrace.session.directory import Directory
from tailrace.session.fanout import Encoding


async def converse(websocket: WebSocket, directory: Directory, notebook_id: NotebookId) -> None:
    """Accept the socket and serve it until it is over."""
    offered = websocket.scope.get("subprotocols", [])
    chosen = next((name for name in offered if name in ENCODINGS), None)
    await websocket.accept(subprotocol=chosen)
    wire = SocketWire(websocket, ENCODINGS[chosen] if chosen is not None else "json")
    await Conversation(wire, websocket.scope[IDENTITY], directory, notebook_id).serve()


class SocketWire:
    """An accepted WebSocket: binary messages for MessagePack, text for JSON."""

    def __init__(self, websocket: WebSocket, encoding: Encoding) -> None:
        self.encoding: Encoding = encoding
        self._websocket = websocket

    async def receive(self) -> bytes | str:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise Departed
        data = message.get("bytes")
        return data if data is not None else message.get("text") or ""

    async def send(self, data: bytes) -> None:
        if self.encoding == "msgpack":
            message = {"type": "websocket.send", "bytes": data}
        else:
            message = {"type": "websocket.send", "text": data.decode()}
        try:
            await self._websocket.send(message)
        except (WebSocketDisconnect, RuntimeError) as gone:  # closed meanwhile
            raise Departed from gone

    async def close(self, code: int, reason: str) -> None:
        try:
            await self._websocket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError) as gone:
            raise Departed from gone
