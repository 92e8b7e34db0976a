"""Odd tables with text, booleans and dates among the features: one of each, by hand.

What Narrows reads is cells. The levels of a category must be the texts that pandas reads, the most frequent first, and
the parts of a date those of pandas.
"""

import os

from case import Case
from texts import read_text

KEEP = {"missing": "keep"}

# A name, the text, the options beyond `missing`, and the types that columns must have: their name, and after `|` the
# levels of a category in their order.
TABLES = [
    ("text and numbers", "a,k\n1,cat\n2,dog\n3,dog\n", {}, {"a": "number", "k": "category|dog|cat"}),
    ("text only", "k,m\ncat,x\ndog,y\n", {}, {"k": "category|cat|dog", "m": "category|x|y"}),
    ("gaps in a category", "a,k\n1,cat\n2,\n3,NA\n4,?\n5,null\n", {}, {"k": "category|cat"}),
    ("gaps first", "a,k\n1,\n2,\n3,cat\n", {}, {"k": "category|cat"}),
    ("gaps in numbers", "a,k\n,cat\nNA,dog\n3,dog\n", {}, {"a": "number", "k": "category|dog|cat"}),
    ("a column without a value", "a,k,n\n1,cat,\n2,dog,\n", {}, {}),
    ("True and False", "a,k,b\n1,cat,True\n2,dog,False\n3,dog,False\n", {}, {"b": "category|False|True"}),
    ("TRUE and FALSE with gaps", "a,k,b\n1,cat,TRUE\n2,dog,\n3,dog,FALSE\n", {}, {"b": "category|FALSE|TRUE"}),
    ("yes and no", "a,k,b\n1,cat,yes\n2,dog,no\n3,dog,no\n", {}, {"b": "category|no|yes"}),
    ("T and F", "a,b\n1,T\n2,F\n3,T\n", {}, {"b": "category|T|F"}),
    ("ordered levels", "a,s\n1,M\n2,S\n3,L\n4,M\n", {"types": "s=ordered:S|M|L"}, {"s": "ordered|S|M|L"}),
    ("ordered levels with a gap", "a,s\n1,M\n2,\n3,L\n", {"types": "s=ordered:S|M|L"}, {"s": "ordered|S|M|L"}),
    ("ordered numbers", "a,s\n1,10\n2,9\n3,10\n", {"types": "s=ordered"}, {"s": "ordered|9|10"}),
    ("ordered text without an order", "a,s\n1,low\n2,high\n", {"types": "s=ordered"}, {}),
    ("a level that the order lacks", "a,s\n1,M\n2,XL\n", {"types": "s=ordered:S|M|L"}, {}),
    ("leading zeros", "zip,k\n01234,cat\n1234,dog\n01234,dog\n", {"types": "zip=category"}, {"zip": "category|01234|1234"}),
    ("leading zeros as numbers", "zip,k\n007,cat\n08,dog\n", {}, {"zip": "number", "k": "category|cat|dog"}),
    ("phone numbers", "p,k\n+31 6 123,cat\n+31 6 456,dog\n", {}, {"p": "category|+31 6 123|+31 6 456"}),
    ("dates", "d,k\n2024-02-28,cat\n2024-03-01,dog\n", {}, {"d": "date", "k": "category|cat|dog"}),
    ("dates only", "d,a\n2024-02-28,1\n2023-12-31,2\n", {}, {"d": "date"}),
    ("dates with times", "d,a\n2024-02-28 13:05:00,1\n2024-02-29 00:00:00,2\n", {}, {"d": "date"}),
    ("dates with some times", "d,a\n2024-02-28,1\n2024-02-29 06:30,2\n", {}, {"d": "date"}),
    ("dates with a time zone", "d,a\n2024-02-28T23:30:00-05:00,1\n2024-02-29T00:00:00Z,2\n", {}, {"d": "date"}),
    ("dates with gaps", "d,a\n2024-02-28,1\n,2\n1969-12-31,3\n", {}, {"d": "date"}),
    ("dates before 1970 and after 2038", "d,a\n1901-01-01,1\n2222-02-22,2\n", {}, {"d": "date"}),
    ("dates of Germany", "d,a\n28.02.2024,1\n29.02.2024,2\n", {}, {"d": "category|28.02.2024|29.02.2024"}),
    ("dates and text", "d,a\n2024-02-28,1\nsoon,2\n", {}, {"d": "category|2024-02-28|soon"}),
    ("a day that does not exist", "d,a\n2023-02-28,1\n2023-02-29,2\n", {}, {"d": "category|2023-02-28|2023-02-29"}),
    ("quoted levels", 'a,k\n1,"New York, NY"\n2,"say ""hi"""\n3,"say ""hi"""\n', {}, {"k": 'category|say "hi"|New York, NY'}),
    ("levels with line feeds", 'a,k\n1,"x\ny"\n2,z\n3,"x\ny"\n', {}, {"k": "category|x\ny|z"}),
    ("levels with bars", "a,k\n1,x|y\n2,z\n", {}, {"k": "category|x|y|z"}),
    ("spaces around levels", "a,k\n1, cat\n2,cat \n3,dog\n", {}, {"k": "category|cat|dog"}),
    ("levels that differ in case", "a,k\n1,Cat\n2,cat\n3,CAT\n", {}, {"k": "category|CAT|Cat|cat"}),
    ("levels of other scripts", "a,k\n1,größe\n2,日本\n3,日本\n4,🙂\n", {}, {"k": "category|日本|größe|🙂"}),
    ("two forms of an accent", "a,k\n1,é\n2,e\u0301\n", {}, {"k": "category|e\u0301|é"}),
    ("names of other scripts", "größe,日本\n1,ja\n2,nein\n", {}, {"größe": "number", "日本": "category|ja|nein"}),
    ("few whole numbers", "n,k\n" + "".join(f"{row % 3},x{row % 2}\n" for row in range(24)), {}, {"n": "category|0|1|2"}),
    ("counts", "n,k\n3,x\n0,y\n", {"types": "n=count"}, {"n": "count"}),
    ("counts with a fraction", "n,k\n3,x\n0.5,y\n", {"types": "n=count"}, {}),
    ("heavy tails", "n,k\n3,x\n1e30,y\n", {"types": "n=heavy-tailed"}, {"n": "heavy-tailed"}),
    ("text in a column of numbers", "a,k\n1,cat\nx,dog\n", {}, {}),
    ("text in a column of numbers that is a category", "a,k\n1,cat\nx,dog\n", {"types": "a=category"}, {"a": "category|1|x"}),
    ("decimal commas", "a;k\n1,5;cat\n2,25;dog\n", {"delimiter": ";", "decimal": ","}, {"a": "number"}),
    ("decimal commas without the option", "a;k\n1,5;cat\n2,25;dog\n", {"delimiter": ";"}, {}),
    ("large whole numbers", "t,k\n1700000000,cat\n1700000001,dog\n", {}, {"t": "number"}),
    ("no header", "1,cat\n2,dog\n", {"header": "no"}, {}),
    ("an index", ",a,k\n0,1,cat\n1,2,dog\n", {}, {"k": "category|cat|dog"}),
    ("duplicate names", "k,k,a\nx,y,1\nz,y,2\n", {}, {"k": "category|x|z", "k.1": "category|y"}),
    ("a label of text", "a,k,y\n1,cat,u\n2,dog,v\n", {"label_column": "y"}, {"k": "category|cat|dog", "y": "label"}),
    ("a type of no column", "a,k\n1,cat\n", {"types": "b=number"}, {}),
]  # fmt: skip

# A name, the training data, and the data that is read with its schema.
LATER = [
    ("later: unseen levels", "a,k\n1,cat\n2,dog\n", "a,k\n3,eel\n4,dog\n"),
    ("later: other columns in another order", "a,k\n1,cat\n2,dog\n", "more,k,a\nx,dog,1\ny,cat,2\n"),
    ("later: booleans in another spelling", "a,b,k\n1,True,x\n2,False,y\n", "a,b,k\n1,true,x\n2,FALSE,y\n"),
    ("later: numbers in another spelling", "n,k\n1,x\n2,y\n", "n,k\n1.0,x\n2e0,y\n"),
    ("later: text in a column of numbers", "a,k\n1,cat\n2,dog\n", "a,k\nx,cat\n"),
    ("later: a column is missing", "a,k\n1,cat\n2,dog\n", "a\n1\n"),
    ("later: a constant that varies", "a,k\n5,cat\n5,cat\n", "a,k\n6,cat\n7,dog\n"),
    ("later: dates as text", "d,a\n2024-02-28,1\n2024-03-01,2\n", "d,a\nsoon,1\n"),
]


def by_hand(folder):
    """Returns a case for each table."""
    cases = []
    for index, (kind, content, options, types) in enumerate(TABLES):
        path = written(folder, f"mixed{index}.csv", content)
        reading = {"data": path, **KEEP, **options}
        cases.append(Case(f"mixed: {kind}", reading, [read_text(path, reading)], types=types))
    for index, (kind, train, later) in enumerate(LATER):
        like = written(folder, f"train{index}.csv", train)
        path = written(folder, f"later{index}.csv", later)
        reading = {"data": path, "like": like, **KEEP}
        reference = read_text(path, reading)
        # Other columns pass through.
        reference.columns.pop("more", None)
        cases.append(Case(f"mixed, {kind}", reading, [reference]))
    return cases


def written(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content.encode("utf-8"))
    return path
