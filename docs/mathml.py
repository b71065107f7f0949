"""Formulas as MathML, which browsers draw by themselves: no script is loaded from the net."""

from docutils import nodes
from latex2mathml.converter import convert


def _to_mathml(latex: str, display: str) -> str:
    # In LaTeX an underscore in a text is escaped; the converter shows the backslash.
    return convert(latex, display=display).replace("\\_", "_")


def visit_inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(_to_mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(translator, node):
    """Write a formula on a line of its own."""
    translator.body.append(f'<div class="math">{_to_mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Make the renderer known to Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
