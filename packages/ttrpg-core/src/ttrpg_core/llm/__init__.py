"""Language models: what is said to them and comes back, and the protocols around a call.

``messages`` are values, ``model`` is one model of a vendor, ``calls`` is what a caller enters. What
implements the last stands in ``routing`` and ``money``, what is kept of a talk in ``chats``.
"""

from ttrpg_core.llm.calls import (
    Action,
    Bill,
    Call,
    Models,
    Need,
    Purpose,
    Purse,
    Reservation,
    Stance,
    Weighed,
)
from ttrpg_core.llm.messages import (
    Delta,
    Effort,
    Finish,
    Image,
    Message,
    Part,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolPiece,
    ToolResult,
    Usage,
)
from ttrpg_core.llm.model import Beyond, Limit, Model, ModelInfo, Price, Reply, Vendor

__all__ = [
    "Action",
    "Beyond",
    "Bill",
    "Call",
    "Delta",
    "Effort",
    "Finish",
    "Image",
    "Limit",
    "Message",
    "Model",
    "ModelInfo",
    "Models",
    "Need",
    "Part",
    "Price",
    "Purpose",
    "Purse",
    "Reasoning",
    "Reply",
    "Request",
    "Reservation",
    "Stance",
    "Text",
    "Tool",
    "ToolCall",
    "ToolPiece",
    "ToolResult",
    "Usage",
    "Vendor",
    "Weighed",
]
