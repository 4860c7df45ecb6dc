"""Attacks on the commands that write to PostgreSQL."""

from attack import COGNITO, DYNAMODB, POSTGRESQL, attack, demand_real_ids, people, someone
from planted import secret
from world import demand


@attack("db create", POSTGRESQL)
def create(w):
    done = yield w.command("db", "create")
    if not done:
        w.cruddur("db", "create")
    demand(w.has_database(), "the database is there")


@attack("db drop", POSTGRESQL)
def drop_database(w):
    w.cruddur("db", "create")
    done = yield w.command("db", "drop")
    if not done and w.has_database():
        w.cruddur("db", "drop")
    demand(not w.has_database(), "the database is gone")


@attack("db schema-load", POSTGRESQL)
def load_schema(w):
    w.cruddur("db", "create")
    done = yield w.command("db", "schema-load", "--built-in")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    demand(w.sql(tables) in ([("0",)], [("2",)]), "both tables or none")
    if not done:
        w.cruddur("db", "schema-load", "--built-in")
    demand(w.sql(tables) == [("2",)], "both tables")


@attack("db seed", POSTGRESQL)
def seed_database(w):
    w.cruddur("db", "create")
    w.cruddur("db", "schema-load", "--built-in")
    done = yield w.command("db", "seed", "--built-in")
    rows = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM activities)"
    demand(w.sql(rows) in ([("0", "0")], [("3", "1")]), "all rows or none")
    if not done:
        w.cruddur("db", "seed", "--built-in")
    demand(w.sql(rows) == [("3", "1")], "all rows once")


@attack("db seed with a variable", POSTGRESQL)
def seed_variable(w):
    w.cruddur("db", "create")
    w.cruddur("db", "schema-load", "--built-in")
    file = w.folder / "words.sql"
    file.write_text("CREATE TABLE words (word text);\nINSERT INTO words VALUES (:'sql_variable');\n")
    done = yield w.command("db", "seed", file)
    exists = "SELECT to_regclass('words') IS NOT NULL"
    if not done and w.sql(exists) == [("f",)]:
        w.cruddur("db", "seed", file)
    demand(w.sql("SELECT word FROM words") == [(secret("the SQL variable"),)], "the row, as the variable is")


@attack("db seed that the server refuses", POSTGRESQL)
def seed_refused(w):
    w.cruddur("db", "create")
    file = w.folder / "words.sql"
    file.write_text("CREATE TABLE words (word text);\nINSERT INTO words VALUES ((:'sql_variable')::integer);\n")
    done = yield w.command("db", "seed", file)
    demand(not done, "it is refused")
    demand(w.sql("SELECT to_regclass('words') IS NULL") == [("t",)], "nothing of the file is kept")


@attack("db setup", POSTGRESQL, COGNITO)
def setup_database(w):
    done = yield w.command("db", "setup", "--built-in")
    if not done:
        w.cruddur("db", "setup", "--built-in", "--force")
    demand_real_ids(w, {"nina", "oscar"})


@attack("setup", DYNAMODB, POSTGRESQL, COGNITO)
def setup(w):
    done = yield w.command("setup", "--built-in")
    if not done:
        w.cruddur("setup", "--built-in")
    demand_real_ids(w, {"nina", "oscar"})
    w.demand_consistent_groups()
    demand(len(w.messages()) == 62, f"{len(w.messages())} messages (done at once: {done})")


@attack("db update-cognito-user-ids", POSTGRESQL, COGNITO)
def update_ids(w):
    people(w)
    w.sql("UPDATE users SET cognito_user_id = 'MOCK'")
    done = yield w.command("db", "update-cognito-user-ids")
    mock = [value == "MOCK" for value in w.users().values()]
    demand(all(mock) or not any(mock), "all ids or none")
    if not done:
        w.cruddur("db", "update-cognito-user-ids")
    demand_real_ids(w, {"nina", "oscar"})


@attack("db update-cognito-user-ids --add-missing", POSTGRESQL, COGNITO)
def add_missing(w):
    people(w)
    handle = someone(w)
    done = yield w.command("db", "update-cognito-user-ids", "--add-missing")
    if not done:
        w.cruddur("db", "update-cognito-user-ids", "--add-missing")
    demand_real_ids(w, {"nina", "oscar", handle})
    w.cruddur("cognito", "delete-user", handle)
