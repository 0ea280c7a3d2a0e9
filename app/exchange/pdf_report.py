"""PDF of a plan without a window: figures, the board by day, orders, and what differs from a base. A4 landscape."""

from __future__ import annotations

import datetime as dt
import io
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate, Paragraph, Spacer, Table, TableStyle

from app.exchange.html_data import figures, page_data
from app.exchange.pdf_board import MOST_BOARDS, Board, board_pages
from app.exchange.share import Rendered, Sharing
from app.exchange.tables import change_rows
from engine.instants import to_ms
from engine.metrics import kpis
from engine.model import Schedule
from engine.plan import PlanFacts
from engine.wording import length, moment

INK, MUTED, LINE, ACCENT, BAD, GOOD = "#1D2A35", "#56656F", "#DDE3E8", "#14708A", "#B9322A", "#1B7A4B"
_MARGIN = 12 * mm
_MOST_ROWS = 3_000
_FAMILIES = (("DejaVuSans", "DejaVuSans-Bold"), ("NotoSans-Regular", "NotoSans-Bold"), ("arial", "arialbd"))
_FAMILIES += (("LiberationSans-Regular", "LiberationSans-Bold"),)
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "C:/Windows/Fonts", "/Library/Fonts", "/System/Library/Fonts")


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return the PDF of a plan, with the differences to the base if there is one."""
    notes = ["A PDF shows a plan; it cannot be read back as a schedule."]
    plain, bold = fonts()
    if plain == "Helvetica":
        notes.append("No font with all letters was found; signs beyond Western European are shown as boxes.")
    data = page_data(schedule, sharing.base, sharing.base_title, sharing.title)
    out = io.BytesIO()
    width, height = landscape(A4)
    document = BaseDocTemplate(
        out, pagesize=(width, height), title=data["title"], author="Taktwerk", leftMargin=_MARGIN, rightMargin=_MARGIN
    )
    frame = Frame(_MARGIN, 14 * mm, width - 2 * _MARGIN, height - 36 * mm, 0, 0, 0, 0)
    page = _Page(data["title"], data["subtitle"], plain, bold)
    document.addPageTemplates(PageTemplate("page", [frame], onPage=page.draw))
    story: list[Any] = [_figures(schedule, sharing.base, plain, bold, frame._width), Spacer(0, 4 * mm)]  # pyright: ignore
    room = height - 36 * mm
    boards = list(board_pages(data, room - 22 * mm, room))
    if len(boards) > MOST_BOARDS:
        until = moment(boards[MOST_BOARDS][0].start, PlanFacts(schedule).zone)
        notes.append(
            f"The board is cut at {MOST_BOARDS} pages: from {until} on not all resources are shown. "
            "The lists are complete up to 3,000 rows."
        )
    for number, (part, used) in enumerate(boards[:MOST_BOARDS]):
        story += [PageBreak()] if number else []
        story.append(Board(part, frame._width, used, plain, bold))  # pyright: ignore
    story += [PageBreak(), *_orders(schedule, plain, bold, frame._width)]  # pyright: ignore
    if sharing.base is not None:
        story += [PageBreak(), *_changes(sharing.base, schedule, data["baseTitle"], plain, bold)]
    document.build(story)
    return out.getvalue(), notes


@lru_cache(maxsize=1)
def fonts() -> tuple[str, str]:
    """Return the names of a plain and a bold font that hold as many letters as can be had on this machine."""
    for names in _FAMILIES:
        found = [next((p for f in _FOLDERS for p in Path(f).glob(f"**/{name}.ttf")), None) for name in names]
        try:
            for style, path in zip(("Plain", "Bold"), found, strict=True):
                if path is None:
                    break
                pdfmetrics.registerFont(TTFont(f"Taktwerk{style}", str(path)))
            else:
                return "TaktwerkPlain", "TaktwerkBold"
        except (TTFError, OSError):
            continue
    return "Helvetica", "Helvetica-Bold"


class _Page:
    """Draws the head and the foot of every page."""

    def __init__(self, title: str, subtitle: str, plain: str, bold: str) -> None:
        self._title, self._subtitle, self._plain, self._bold = title, subtitle, plain, bold
        self._made = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")

    def draw(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        """Draw them."""
        width, height = landscape(A4)
        canvas.saveState()
        canvas.setFillColor(INK)
        canvas.setFont(self._bold, 13)
        canvas.drawString(_MARGIN, height - 12 * mm, self._title[:110])
        canvas.setFillColor(MUTED)
        canvas.setFont(self._plain, 8)
        canvas.drawString(_MARGIN, height - 17 * mm, self._subtitle[:190])
        canvas.setStrokeColor(ACCENT)
        canvas.setLineWidth(1.2)
        canvas.line(_MARGIN, height - 19 * mm, width - _MARGIN, height - 19 * mm)
        canvas.drawString(_MARGIN, 8 * mm, f"Taktwerk, {self._made}")
        canvas.drawRightString(width - _MARGIN, 8 * mm, f"Page {document.page}")
        canvas.restoreState()


def _figures(schedule: Schedule, base: Schedule | None, plain: str, bold: str, width: float) -> Table:
    rows = figures(kpis(schedule), kpis(base) if base else None)
    tones = {"better": GOOD, "worse": BAD}
    values, labels = [], []
    for label, value, change, verdict in rows:
        text = f'<font name="{bold}" size="12">{escape(value)}</font>'
        if change:
            text += f' <font size="8" color="{tones.get(verdict, MUTED)}">{escape(change)}</font>'
        values.append(
            Paragraph(text, ParagraphStyle("value", fontName=plain, textColor=colors.HexColor(INK), leading=14))
        )
        labels.append(
            Paragraph(
                escape(label), ParagraphStyle("label", fontName=plain, fontSize=8, textColor=colors.HexColor(MUTED))
            )
        )
    table = Table([values, labels], colWidths=[width / len(rows)] * len(rows))
    shape = [("BACKGROUND", (0, 0), (-1, -1), colors.HexColor("#F3F5F7")), ("LINEBEFORE", (1, 0), (-1, -1), 2, "white")]
    table.setStyle(TableStyle([*shape, ("LEFTPADDING", (0, 0), (-1, -1), 8), ("BOTTOMPADDING", (0, 1), (-1, 1), 6)]))
    return table


def _orders(schedule: Schedule, plain: str, bold: str, width: float) -> list[Any]:
    facts = PlanFacts(schedule)
    rows: list[list[str]] = []
    late: list[int] = []
    known = sorted(schedule.snapshot.orders, key=lambda o: (o.due_date is None, o.due_date or 0, o.id))
    for order in known[:_MOST_ROWS]:
        end, behind = facts.order_ends.get(order.id), facts.order_lateness_ms.get(order.id)
        if behind is not None and behind > 0:
            late.append(len(rows) + 1)
        verdict = "" if behind is None else f"{length(behind)} late" if behind > 0 else "on time"
        due = moment(to_ms(order.due_date), facts.zone) if order.due_date else ""
        quantity = "" if order.quantity is None else f"{order.quantity:,.10g}"
        ending = "" if end is None else moment(end, facts.zone)
        rows.append([order.name or order.id, order.product or "", order.customer or "", quantity, due, ending, verdict])
    head = ["Order", "Product", "Customer", "Quantity", "Due", "End", "Lateness"]
    shares = (0.2, 0.18, 0.18, 0.08, 0.13, 0.13, 0.1)
    return _list("Orders", head, rows, [width * share for share in shares], plain, bold, late, len(known))


def _changes(base: Schedule, schedule: Schedule, title: str, plain: str, bold: str) -> list[Any]:
    rows = [
        [str(row.get(key, ""))[:120] for key in ("what", "name", "change", "field", "before", "after")]
        for row in change_rows(base, schedule)
    ]
    head = ["What", "Name", "Change", "Field", "Before", "After"]
    widths = [part * mm for part in (24, 80, 20, 34, 57, 57)]
    return _list(f"Changes since {title}", head, rows[:_MOST_ROWS], widths, plain, bold, [], len(rows))


def _list(
    title: str,
    head: list[str],
    rows: list[list[str]],
    widths: list[float],
    plain: str,
    bold: str,
    late: list[int],
    count: int,
) -> list[Any]:
    """Return a heading and a table whose head is repeated on each page; ``late`` rows end in red."""
    style = ParagraphStyle("cell", fontName=plain, fontSize=7.5, leading=9, textColor=colors.HexColor(INK))
    heading = Paragraph(
        escape(title), ParagraphStyle("h", fontName=bold, fontSize=11, leading=16, textColor=colors.HexColor(INK))
    )
    if not rows:
        return [heading, Paragraph("Nothing to show.", style)]
    cells = [[Paragraph(escape(text), style) for text in row] for row in rows]
    table = Table([head, *cells], colWidths=widths, repeatRows=1)
    red = ParagraphStyle("late", parent=style, textColor=colors.HexColor(BAD), fontName=bold)
    for row in late:
        cells[row - 1][-1] = Paragraph(escape(rows[row - 1][-1]), red)
    table = Table([head, *cells], colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, 0), bold, 8),
                ("TEXTCOLOR", (0, 0), (-1, 0), MUTED),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, ACCENT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 1), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 1), (-1, -1), 2),
            ]
        )
    )
    more = [Paragraph(f"and {count - len(rows):,} more", style)] if count > len(rows) else []
    return [heading, table, *more]
