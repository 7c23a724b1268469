"""Tables in text: aligned where they fit, records where they do not, nothing cut off."""

from hypothesis import given
from hypothesis import strategies as st

from orbench.cli.layout import Column, choose_layout, plain_records, plain_table, text_width

words = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=40)
tables = st.integers(1, 4).flatmap(
    lambda rows: st.lists(
        st.builds(
            Column,
            heading=words,
            cells=st.lists(words, min_size=rows, max_size=rows),
            right=st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)


def squeezed(lines):
    return "".join("".join(lines).split())


@given(tables)
def test_an_aligned_table_has_one_line_a_row_and_every_cell_whole(columns):
    lines = plain_table(columns)
    assert len(lines) == 1 + len(columns[0].cells)
    for row, line in enumerate(lines[1:]):
        assert squeezed([line]) == squeezed(column.cells[row] for column in columns)


@given(tables, st.integers(20, 100))
def test_records_hold_every_heading_and_every_cell_whole_at_any_width(columns, width):
    rows = len(columns[0].cells)
    expected = squeezed(c.heading + c.cells[row] for row in range(rows) for c in columns)
    assert squeezed(plain_records(columns, width)) == expected


@given(tables, st.integers(20, 100))
def test_a_table_is_chosen_only_if_each_of_its_lines_fits(columns, width):
    if choose_layout(columns, width, can_fold=False).as_table:
        assert max(map(text_width, plain_table(columns))) <= width


@given(tables)
def test_without_a_page_there_is_no_limit(columns):
    assert choose_layout(columns, None, can_fold=False).as_table


def test_a_narrow_terminal_folds_long_texts_before_it_gives_up_the_table():
    columns = [Column("id", ["a" * 12]), Column("tags", ["t " * 30], may_fold=True)]
    assert choose_layout(columns, 40, can_fold=True).folded
    assert not choose_layout(columns, 40, can_fold=False).as_table
    assert not choose_layout(columns, 20, can_fold=True).as_table


def test_records_put_a_value_that_does_not_fit_under_its_name():
    columns = [Column("id", ["3f9k"]), Column("tags", ["one two three four five"])]
    lines = plain_records(columns, 20)
    assert lines == ["id    3f9k", "tags", "    one two three", "    four five"]


def test_records_leave_out_what_is_empty_and_part_rows_by_a_blank_line():
    columns = [Column("id", ["a", "b"]), Column("tags", ["", "x"])]
    assert plain_records(columns, None) == ["id    a", "", "id    b", "tags  x"]


def test_wide_characters_take_two_columns_and_accents_none():
    assert [text_width(text) for text in ("abc", "強化", "e\u0301")] == [3, 4, 1]
