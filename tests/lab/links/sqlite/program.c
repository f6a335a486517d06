/* This program is right. It writes to a database file with SQLite, and reads back
 * what it wrote. SQLite calls the system through a table of functions. */
#include "sqlite3.h"

#include <stdio.h>
#include <stdlib.h>

static sqlite3 *database;

static void check(int result)
{
    if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE)
        return;
    fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(database));
    exit(1);
}

static void execute(const char *command)
{
    check(sqlite3_exec(database, command, NULL, NULL, NULL));
}

static void insert(int number)
{
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(database, "insert into squares values (?, ?)", -1,
                             &statement, NULL));
    check(sqlite3_bind_int(statement, 1, number));
    check(sqlite3_bind_int(statement, 2, number * number));
    check(sqlite3_step(statement));
    check(sqlite3_finalize(statement));
}

static void print_sum(void)
{
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(database,
                             "select count(*), sum(square) from squares", -1,
                             &statement, NULL));
    check(sqlite3_step(statement));
    printf("%d squares, their sum is %d\n", sqlite3_column_int(statement, 0),
           sqlite3_column_int(statement, 1));
    check(sqlite3_finalize(statement));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DATABASE\n", argv[0]);
        return 2;
    }
    check(sqlite3_open(argv[1], &database));
    execute("drop table if exists squares");
    execute("create table squares (number integer, square integer); begin");
    for (int number = 1; number <= 100; number++)
        insert(number);
    execute("commit");
    check(sqlite3_close(database));
    check(sqlite3_open(argv[1], &database));
    print_sum();
    check(sqlite3_close(database));
    return 0;
}
