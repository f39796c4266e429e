"""Language models: what is said to them and comes back, and the protocol of a model.

Routing, budget, ledger and conversations join this package with the issue on language models.
"""

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
from ttrpg_core.llm.model import Model, ModelInfo, Price, Reply, Vendor

__all__ = [
    "Delta",
    "Effort",
    "Finish",
    "Image",
    "Message",
    "Model",
    "ModelInfo",
    "Part",
    "Price",
    "Reasoning",
    "Reply",
    "Request",
    "Text",
    "Tool",
    "ToolCall",
    "ToolPiece",
    "ToolResult",
    "Usage",
    "Vendor",
]
