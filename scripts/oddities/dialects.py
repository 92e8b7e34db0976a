"""Tables of text as Excel, databases, instruments and people write them: one of each, by hand."""

import os

from case import Case, Reference
from texts import read_text

GERMAN = {"delimiter": ";", "decimal": ","}
KEEP = {"missing": "keep"}

# A name, the text, and the options beyond `missing`. The reference is what pandas reads with the same options.
TABLES = [
    # Excel
    ("Excel: sep=;", "sep=;\r\na;b\r\n1;2\r\n3;4\r\n", {}, {"skiprows": 1, "sep": ";"}),
    ("Excel: sep=, in quotes", '"sep=,"\r\na,b\r\n1,2\r\n', {}, {"skiprows": 1}),
    ("Excel: sep=tab", "sep=\t\r\na\tb\r\n1\t2\r\n", {}, {"skiprows": 1, "sep": "\t"}),
    ("Excel: German", "a;b\r\n1,5;2\r\n-0,25;1.000,5\r\n", GERMAN, {}),
    ("Excel: German with thousands", "a;b\r\n1,5;2\r\n-0,25;1.000,5\r\n", {**GERMAN, "thousands": "."}, {}),
    ("Excel: German without options", "a;b\r\n1,5;2\r\n-0,25;7\r\n", {}, {}),
    ("Excel: German, one column, without options", "a\r\n1,5\r\n2,5\r\n", {}, {}),
    ("Excel: semicolons without options", "a;b\r\n1;2\r\n3;4\r\n", {}, {}),
    ("Excel: byte order mark", "\ufeffa,b\r\n1,2\r\n", {}, {}),
    ("Excel: byte order mark and quotes", '\ufeff"a, b",b\r\n1,2\r\n', {}, {}),
    ("Excel: #N/A", "a,b\r\n1,#N/A\r\n2,3\r\n", {}, {}),
    ("Excel: #DIV/0!", "a,b\r\n1,#DIV/0!\r\n2,3\r\n", {}, {}),
    ("Excel: #NUM! and #VALUE!", "a,b\r\n#NUM!,1\r\n2,#VALUE!\r\n", {}, {}),
    ("Excel: thousands in quotes", 'a,b\r\n"1,000",2\r\n"12,500.5",3\r\n', {}, {}),
    ("Excel: thousands in quotes, told", 'a,b\r\n"1,000",2\r\n"12,500.5",3\r\n', {"thousands": ","}, {}),
    ("Excel: percent", "a,b\r\n5%,1\r\n7%,2\r\n", {}, {}),
    ("Excel: currency", "a,b\r\n$5.00,1\r\n$7.25,2\r\n", {}, {}),
    ("Excel: euros", "a,b\r\n5.00 €,1\r\n7.25 €,2\r\n", {}, {}),
    ("Excel: brackets for negative numbers", "a,b\r\n(5),1\r\n7,2\r\n", {}, {}),
    ("Excel: trailing empty columns", "a,b,,\r\n1,2,,\r\n3,4,,\r\n", {}, {}),
    ("Excel: trailing empty rows", "a,b\r\n1,2\r\n,\r\n,\r\n", {}, {}),
    ("Excel: leading empty columns", ",,a,b\r\n,,1,2\r\n,,3,4\r\n", {}, {}),
    ("Excel: leading empty rows", ",\r\na,b\r\n1,2\r\n", {}, {}),
    ("Excel: title above the header", "Sales of 2024,\r\na,b\r\n1,2\r\n", {}, {}),
    ("Excel: total below", "a,b\r\n1,2\r\n3,4\r\nTotal,6\r\n", {}, {}),
    ("Excel: dates", "a,b\r\n01/02/2024,1\r\n02/02/2024,2\r\n", {}, {}),
    ("Excel: times", "a,b\r\n12:30,1\r\n12:45,2\r\n", {}, {}),
    ("Excel: TRUE and FALSE", "a,b\r\nTRUE,1\r\nFALSE,2\r\n", {}, {}),
    ("Excel: WAHR and FALSCH", "a,b\r\nWAHR,1\r\nFALSCH,2\r\n", {}, {}),
    ("Excel: quoted formula", 'a,b\r\n"=""007""",1\r\n"=""008""",2\r\n', {}, {}),
    ("Excel: UTF-16", "a\tb\r\n1\t2\r\n".encode("utf-16"), {"delimiter": "tab"}, {"encoding": "utf-16"}),
    ("Excel: UTF-16 without mark", "a,b\r\n1,2\r\n".encode("utf-16-le"), {}, {"encoding": "utf-16-le"}),
    ("Excel: no-break space", "a,b\r\n1\u00a0000,2\r\n3\u00a0000,4\r\n", {}, {}),
    ("Excel: minus sign of typesetting", "a,b\r\n\u22125,1\r\n7,2\r\n", {}, {}),
    # headers
    ("header: duplicate names", "x,x,y,x\n1,2,3,4\n5,6,7,8\n", {}, {}),
    ("header: name that a duplicate would get", "x,x,x.1\n1,2,3\n4,5,6\n", {}, {}),
    ("header: empty names", "a,,b,\n1,2,3,4\n", {}, {}),
    ("header: first name empty", ",a,b\n0,1,2\n1,3,4\n", {}, {}),
    ("header: Unnamed: 0", "Unnamed: 0,a\n0,1.5\n1,2.5\n", {}, {}),
    ("header: numbers from 0", "0,1,2\n1.5,2.5,3.5\n4.5,5.5,6.5\n", {}, {}),
    ("header: numbers from 0 and index", ",0,1\n0,1.5,2.5\n1,4.5,5.5\n", {}, {}),
    ("header: numbers from 1", "1,2,3\n1.5,2.5,3.5\n4.5,5.5,6.5\n", {}, {}),
    ("header: years", "2019,2020,2021\n1.5,2.5,3.5\n4.5,5.5,6.5\n", {}, {}),
    ("header: wavelengths", "400.5,401.0,401.5\n0.25,0.5,0.75\n0.1,0.2,0.3\n", {}, {}),
    ("header: numbers in quotes", '"10","20"\n1.5,2.5\n3.5,4.5\n', {}, {}),
    ("header: numbers and text", "a,1\n1,2\n", {}, {}),
    ("header: one number", "0\n1.5\n2.5\n", {}, {}),
    ("header: missing words", "NA,nan\n1,2\n3,4\n", {}, {}),
    ("header: true and false", "true,false\n1,2\n3,4\n", {}, {}),
    ("header: inf", "inf,a\n1,2\n3,4\n", {}, {}),
    ("header: spaces around names", " a , b \n1,2\n3,4\n", {}, {}),
    ("header: two lines", "a,b\n[m],[s]\n1,2\n", {}, {}),
    ("header: repeated", "a,b\n1,2\na,b\n3,4\n", {}, {}),
    ("header: line feed in a name", '"a\nb",c\n1,2\n', {}, {}),
    ("header: none", "1.5,2.5\n3.5,4.5\n", {"header": "no"}, {}),
    ("header: only a header", "a,b\n", {}, {}),
    ("header: comment", "# made by hand\na,b\n1,2\n", {}, {}),
    ("header: comment above one column", "# made by hand\n1\n2\n", {}, {}),
    # rows
    ("rows: short row", "a,b\n1,2\n3\n", {}, {}),
    ("rows: long row", "a,b\n1,2\n3,4,5\n", {}, {}),
    ("rows: trailing delimiter", "a,b\n1,2,\n3,4,\n", {}, {}),
    ("rows: header one short", "a b\nr1 1 2\nr2 3 4\n", {"delimiter": " "}, {"index_col": 0}),
    ("rows: blank lines", "a,b\n\n1,2\n\n\n3,4\n\n", {}, {}),
    ("rows: blank lines in one column", "a\n1\n\n2\n", {}, {"skip_blank_lines": False}),
    ("rows: lines of spaces", "a,b\n1,2\n   \n3,4\n", {}, {}),
    ("rows: quoted newlines in a label", 'a,k\n1,"x\ny"\n2,z\n', {"label_column": "k"}, {}),
    ("rows: unclosed quote", 'a,b\n1,"2\n3,4\n', {}, {}),
    ("rows: stray quote", 'a,b\n1,2"\n3,4\n', {}, {}),
    ("rows: quotes inside quotes", 'a,k\n1,"say ""hi"""\n2,x\n', {"label_column": "k"}, {}),
    ("rows: text after a quote", 'a,k\n1,"x"y\n2,z\n', {"label_column": "k"}, {}),
    ("rows: backslash before a quote", 'a,k\n1,"x\\"y"\n2,z\n', {"label_column": "k"}, {}),
    ("rows: carriage returns", "a,b\r1,2\r3,4\r", {}, {}),
    ("rows: no end of line at the end", "a,b\n1,2\n3,4", {}, {}),
    ("rows: NUL in a number", b"a,b\n1\x00,2\n3,4\n", {}, {}),
    ("rows: NUL in a label", b"a,k\n1,x\x00y\n3,z\n", {"label_column": "k"}, {}),
    ("rows: end of file sign", b"a,b\n1,2\n\x1a", {}, {}),
    ("rows: bytes that are not UTF-8", b"a,k\n1,gr\xfc\xdfe\n", {"label_column": "k"}, {"encoding": "latin-1"}),
    ("rows: several spaces", "a b\n1  2\n3  4\n", {"delimiter": " "}, {"sep": r"\s+"}),
    ("rows: nothing", "", {}, {}),
    ("rows: only blank lines", "\n\n\n", {}, {}),
    # numbers
    ("number: hexadecimal", "a,b\n0x10,1\n0x1f,2\n", {}, {}),
    ("number: exponents", "a,b\n1e5,1E-3\n1e+05,1.e2\n", {}, {}),
    ("number: exponent of Fortran", "a,b\n1.5D+02,1\n2.5D+02,2\n", {}, {}),
    ("number: decimal comma in quotes", 'a,b\n"1,5",1\n"2,5",2\n', {}, {}),
    ("number: decimal comma like thousands", 'a,b\n"1,500",1\n"2,500",2\n', {}, {}),
    ("number: point of thousands", "a;b\n1.000;1\n2.500;2\n", {"delimiter": ";"}, {}),
    ("number: leading zeros", "a,b\n007,1\n08,2\n", {}, {}),
    ("number: leading zeros in a label", "a,k\n1,007\n2,08\n", {"label_column": "k"}, {}),
    ("number: plus sign", "a,b\n+1,+.5\n+2e3,2\n", {}, {}),
    ("number: no digit before or after the point", "a,b\n.5,5.\n-.5,-5.\n", {}, {}),
    ("number: spaces", "a, b\n1 , 2\n 3,\t4\n", {}, {}),
    ("number: space inside", "a,b\n1 000,1\n2 000,2\n", {}, {}),
    ("number: underscores", "a,b\n1_000,1\n2_000,2\n", {}, {}),
    ("number: infinities", "a,b\ninf,1\n2,2\n", {}, {}),
    ("number: Infinity", "a,b\n-Infinity,1\n2,2\n", {}, {}),
    ("number: NaN in capitals", "a,b\nNAN,1\n2,2\n", {}, {}),
    ("number: Nan", "a,b\nNan,1\n2,2\n", {}, {}),
    ("number: -nan and NaN", "a,b\n-nan,NaN\n2,2\n", {}, {}),
    ("number: 1.#IND", "a,b\n-1.#IND,1.#QNAN\n2,2\n", {}, {}),
    ("number: a period for a missing value", "a,b\n.,1\n2,2\n", {}, {}),
    ("number: -999 for a missing value", "a,b\n-999,1\n2,2\n", {}, {}),
    ("number: \\N", "a,b\n\\N,1\n2,2\n", {}, {}),
    ("number: more than 64 bits", "a,b\n18446744073709551616,1\n2,2\n", {}, {}),
    ("number: integers beyond 2^53", "a,b\n9007199254740993,1\n9007199254740992,2\n", {}, {}),
    ("number: integers beyond 2^24", "a,b\n16777217,1\n16777216,2\n", {}, {}),
    ("number: many digits", "a,b\n0.1000000000000000055511151231257827,1\n0.2,2\n", {}, {}),
    ("number: a small range on an offset", "a,b\n1000000.01,1\n1000000.02,2\n", {}, {}),
    ("number: too small for 32 bits", "a,b\n1e-50,1\n2e-50,2\n", {}, {}),
    ("number: denormal in 32 bits", "a,b\n1.5e-44,1\n1.7e-44,2\n", {}, {}),
    ("number: too large for 32 bits", "a,b\n1e39,1\n2e39,2\n", {}, {}),
    ("number: fraction", "a,b\n1/2,1\n3/4,2\n", {}, {}),
    ("number: complex", "a,b\n1+2j,1\n3+4j,2\n", {}, {}),
    ("number: with a unit", "a,b\n5 km,1\n7 km,2\n", {}, {}),
    ("number: digits of another script", "a,b\n٣,1\n٤,2\n", {}, {}),
    ("number: text in one cell", "a,b\n1,1\nx,2\n", {}, {}),
    # booleans and labels
    ("boolean: True and False", "a,b\nTrue,1\nFalse,2\n", {}, {}),
    ("boolean: with missing values", "a,b\n,1\nTrue,2\nFalse,3\n", {}, {}),
    ("boolean: yes and no", "a,b\nyes,1\nno,2\n", {}, {}),
    ("boolean: T and F", "a,b\nT,1\nF,2\n", {}, {}),
    ("boolean: and numbers", "a,b\nTrue,1\n0,2\n", {}, {}),
    ("boolean: numbers first", "a,b\n1,1\nTrue,2\n", {}, {}),
    ("boolean: two notations", "a,b\ntrue,1\nno,2\n", {}, {}),
    ("label: whole numbers with a point", "a,k\n1,1.0\n2,2.0\n", {"label_column": "k"}, {}),
    ("label: NA", "a,k\n1,NA\n2,cat\n", {"label_column": "k"}, {}),
    ("label: NaN", "a,k\n1,NaN\n2,3\n", {"label_column": "k"}, {}),
    ("label: empty", "a,k\n1,\n2,cat\n", {"label_column": "k"}, {}),
    ("label: null", "a,k\n1,null\n2,cat\n", {"label_column": "k"}, {}),
    ("label: booleans", "a,k\n1,True\n2,False\n", {"label_column": "k"}, {}),
    ("label: spaces", "a,k\n1, cat\n2,cat\n", {"label_column": "k"}, {}),
    ("label: numbers and text", "a,k\n1,1.0\n2,cat\n", {"label_column": "k"}, {}),
    ("label: beyond 64 bits", "a,k\n1,18446744073709551617\n2,18446744073709551616\n", {"label_column": "k"}, {}),
]  # fmt: skip


def by_hand(folder):
    """Returns a case for each table."""
    cases = []
    for index, (kind, content, options, arguments) in enumerate(TABLES):
        path = os.path.join(folder, f"hand{index}.csv")
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        reading = {"data": path, **KEEP, **options}
        try:
            references = [read_text(path, reading, **arguments)]
        except Exception:  # pandas refuses it in one of many ways
            references = [Reference({"refused by pandas": None})]
        cases.append(Case(kind, reading, references))
    return cases
