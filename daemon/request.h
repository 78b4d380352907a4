/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_REQUEST_H
#define SEKIMORI_REQUEST_H

/* A temporary conduit, as the options of the command describe it */
#include <jansson.h>
#include <stdbool.h>

/* What getopt_long() gives for them */
enum request_option {
	REQUEST_FOR = 256,
	REQUEST_FROM,
	REQUEST_TO,
	REQUEST_SERVICE,
	REQUEST_BIND,
	REQUEST_KIND,
	REQUEST_APPROVED_BY,
	REQUEST_APPROVAL,
};

/**
 * request_option - take an option
 * @request: the parameters of Allow; made by the first one
 *
 * False if it is none of these, or its value is wrong.
 */
bool request_option(json_t **request, int option, const char *value);

/**
 * request_finish - what is to be sent
 * @name: of the conduit; NULL: one is made
 * @reason: NULL: not given
 *
 * False: something is missing that has no default.
 */
bool request_finish(json_t *request, const char *name, const char *reason);

#endif
