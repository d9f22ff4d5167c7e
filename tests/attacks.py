"""Queries that mean harm, and honest ones that look like it, with the verdict each must get at the gate.

``{outside}`` stands for an address on loopback that counts its visitors, ``{file}`` for a file with a secret in it.
"""

from __future__ import annotations

SERVICE = "SERVICE <{outside}> { ?s ?p ?o }"

#: Asks somebody else, loads something, or changes something: refused, by name.
OUTWARD = {
    "an endpoint": "SELECT * { " + SERVICE + " }",
    "an endpoint, in mixed case, a comment between": "SELECT * { seRviCe# a remark\nSILENT <{outside}> { ?s ?p ?o } }",
    "an endpoint by a prefixed name": "PREFIX out: <{outside}> SELECT * { SERVICE out: { ?s ?p ?o } }",
    "an endpoint against a base": "BASE <{outside}> SELECT * { SERVICE <x> { ?s ?p ?o } }",
    "an endpoint in a variable": "SELECT * { VALUES ?where { <{outside}> } SERVICE ?where { ?s ?p ?o } }",
    "an endpoint in EXISTS": "SELECT * { BIND(EXISTS { " + SERVICE + " } AS ?known) }",
    "an endpoint in a sub-query": "SELECT * { OPTIONAL { SELECT * { " + SERVICE + " } } }",
    "an endpoint in MINUS": "SELECT * { ?s ?p ?o MINUS { " + SERVICE + " } }",
    "a letter of a keyword by its code": "SELECT * { S\\u0045RVICE <{outside}> { ?s ?p ?o } }",
    "the long code of a letter": "SELECT * { \\U00000053ERVICE <{outside}> { ?s ?p ?o } }",
    "a code that ends a string": 'SELECT * { ?s ?p "a\\u0022 . ' + SERVICE + ' #" }',
    "an update that asks outside": "INSERT { <x:a> <x:b> ?o } WHERE { " + SERVICE + " }",
    "a load": "LOAD <{outside}>",
    "a load of a file": "LOAD <{file}>",
    "a load behind an insert": "INSERT DATA { <x:a> <x:b> 1 } ; LOAD SILENT <{outside}> INTO GRAPH <x:g>",
    "a load, disguised": "LO\\u0041D <{outside}>",
    "a document of the web": "SELECT * FROM <{outside}> { ?s ?p ?o }",
    "a document of the machine": "SELECT * FROM <{file}> { ?s ?p ?o }",
    "a named document": "SELECT * FROM NAMED <{outside}> { GRAPH ?g { ?s ?p ?o } }",
    "a document by a prefixed name": "PREFIX out: <{outside}> SELECT * FROM out: { ?s ?p ?o }",
    "a document against a base": "BASE <{outside}> SELECT * FROM <x> { ?s ?p ?o }",
    "an update with a document": "INSERT { <x:a> <x:b> ?o } USING <{outside}> WHERE { ?s ?p ?o }",
    "a deletion": "DELETE WHERE { ?s ?p ?o }",
    "a clearing": "CLEAR ALL",
}
#: What may stand at the gate's limits would take the engine down.
TOO_MUCH = {
    "open braces": "SELECT * " + "{" * 3000 + "}" * 3000,
    "open parentheses": "SELECT * { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }",
    "denials of denials": "SELECT * { FILTER(" + "!" * 10_000 + "true) }",
    "a long disjunction": "SELECT * { FILTER(true" + " || true" * 10_000 + ") }",
    "sub-queries in sub-queries": "SELECT * " + "{ SELECT * " * 2500 + "{}" + "}" * 2500,
    "a path in parentheses": "SELECT * { ?a " + "(" * 14_000 + "<x:p>" + ")" * 14_000 + " ?b }",
    "a long nothing": "SELECT * {" + " " * 100_000 + "}",
    "half a character": "SELECT * { ?s ?p '\ud800' }",
    "a NUL": "SELECT * { ?s ?p '\x00' }",
}
#: Passes the gate and has to be stopped: nothing in its text tells.
HEAVY = {
    "a product of products": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "a sorted product": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i LIMIT 5",
    "a path from anywhere to anywhere": "SELECT (COUNT(*) AS ?n) { ?a (<x:next>|!<x:next>)* ?b . ?c (<x:next>|!<x:next>)* ?d }",
    "a pattern written 192 times": "SELECT * {" + "?a <x:next> ?b. " * 192 + "}",
    "a text doubled 28 times": 'SELECT (STRLEN(?t28) AS ?n) { BIND("' + "x" * 64 + '" AS ?t0) '
    + " ".join(f"BIND(CONCAT(?t{n}, ?t{n}) AS ?t{n + 1})" for n in range(28)) + " }",
}  # fmt: skip
#: Honest; the words are no keywords where they stand.
HONEST = {
    "a string": 'SELECT * { ?s ?p "SERVICE <http://x/> LOAD" }',
    "a long string with brackets": 'SELECT * { ?s ?p """ } SERVICE <http://x/> " "" """ }',
    "a long string with quotes at its end": "ASK { ?s ?p '''it''s FROM''' }",
    "an IRI": "SELECT * { <http://e/SERVICE/LOAD> ?p ?o }",
    "an IRI with a hash": "SELECT * { ?s <http://e/x#SERVICE> ?o }",
    "an IRI with a letter by its code": "SELECT * { <http://e/\\u00E9> ?p ?o }",
    "a prefix": "PREFIX SERVICE: <urn:x> SELECT * { SERVICE:LOAD ?p ?o }",
    "a comment": "SELECT * { # SERVICE <http://x/>\n ?s ?p ?o }",
    "variables": "SELECT ?service ?load $from { ?service ?load $from }",
    "a tagged label": "SELECT * { ?s <urn:l> 'customer service load'@en }",
    "a label of other letters": 'SELECT * { ?s ?p "寧德時代" }',
    "a name of other letters": "PREFIX é: <urn:e/> SELECT ?größe { ?größe é:名前 ?o }",
    "an escape in a name": "PREFIX e: <urn:e/> SELECT * { ?s e:a\\-b ?o ; e:a.b%20 ?q }",
    "a comparison": "SELECT * { ?s ?p ?o FILTER(?o < 3 && ?o > 1) }",
    "a comparison without spaces": "SELECT * { ?s ?p ?o FILTER(?o<3&&?o>1) }",
    "a path": "SELECT * { ?s (<urn:a>|^<urn:b>)+/!<urn:c>? ?o }",
    "numbers": "SELECT * { ?s ?p 1.0, 1.5e-3, .5, -7 . ?s ?q 2.}",
    "a blank node": "SELECT * { _:0a ?p [] , ( 1 2 ) }",
    "an injection that is only a strange query": 'SELECT ?n { ?s <x:name> "Acme" . ?z ?q ?n } #" . ?s <x:name> ?n }',
}
