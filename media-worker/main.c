/* main.c - parley-media. */
#include "app.h"

int main(int argc, char **argv)
{
    return pl_process_main(&pl_media_app, argc, argv);
}
