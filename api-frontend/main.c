/* main.c - parley-api. */
#include "app.h"

int main(int argc, char **argv)
{
    return pl_process_main(&PL_API_APP, argc, argv);
}
