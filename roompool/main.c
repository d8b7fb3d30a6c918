/* main.c - parley-roompool. */
#include "app.h"

int main(int argc, char **argv)
{
    return pl_process_main(&PL_ROOMPOOL_APP, argc, argv);
}
