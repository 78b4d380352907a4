/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_VARLINK_H
#define SEKIMORI_VARLINK_H

/*
 * Messages of the control protocol: Varlink (https://varlink.org), JSON objects
 * that end with a NUL byte. No I/O, no state: bytes in, requests out, and the
 * reverse.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARLINK_INTERFACE "jp.sekimori.Control"
#define VARLINK_ERROR_SERVICE "org.varlink.service."
#define VARLINK_ERROR VARLINK_INTERFACE "."
#define VARLINK_IN_MAX (64u << 10) /* bytes of one request, without the NUL */
#define VARLINK_WHY_MAX 500 /* bytes of the reason for a change */
#define VARLINK_CONFIRM_MAX 86400 /* seconds in which to confirm one */

enum varlink_method {
	VARLINK_GET_INFO = 1,
	VARLINK_GET_INTERFACE_DESCRIPTION,
	VARLINK_STATUS,
	VARLINK_ZONES,
	VARLINK_MATRIX,
	VARLINK_CONDUITS,
	VARLINK_RELOAD,
	VARLINK_WITHDRAW,
	VARLINK_DRIFT,
	VARLINK_AUDIT,
	VARLINK_WATCH,
	VARLINK_PLAN,
	VARLINK_APPLY,
	VARLINK_CONFIRM,
	VARLINK_ROLLBACK,
	VARLINK_HISTORY,
	VARLINK_SHOW,
	VARLINK_DIFF,
	VARLINK_ALLOW,
	VARLINK_DISALLOW,
	VARLINK_ALLOWED,
	VARLINK_VERSION, /* the last one */
};

#define VARLINK_TEXTS_MAX 16
#define VARLINK_TEXT 256 /* of any text for people, with its NUL */

/** struct varlink_texts - an array of short texts */
struct varlink_texts {
	char texts[VARLINK_TEXTS_MAX][64];
	size_t n;
};

/** struct varlink_conduit - of Allow; a text that is empty was not given */
struct varlink_conduit {
	char kind[32], bind[8];
	char reason[VARLINK_TEXT], approved_by[VARLINK_TEXT];
	char approval[VARLINK_TEXT];
	struct varlink_texts from, to, services;
	uint64_t seconds;
};

/**
 * struct varlink_request - a call, as understood
 * @more: the caller takes several replies
 * @oneway: the caller wants no reply
 * @interface: what GetInterfaceDescription asks about
 * @file: of Plan, or of Apply; empty: not given
 * @nft: of Plan
 * @why: of Apply or Rollback; one line; empty: not given
 * @generation: of Apply, Rollback or Show; 0: not given
 * @confirm_seconds: of Apply; at most VARLINK_CONFIRM_MAX; 0: for good
 * @from, to: of Diff; generations
 * @name: of Allow or Disallow; empty: not given
 * @conduit: of Allow
 */
struct varlink_request {
	enum varlink_method method;
	bool more;
	bool oneway;
	char interface[256];
	char file[4096];
	bool nft;
	char why[VARLINK_WHY_MAX + 1];
	uint64_t generation, confirm_seconds;
	uint64_t from, to;
	char name[32];
	struct varlink_conduit conduit;
};

/**
 * varlink_parse - understand one request
 * @bytes: the message without its NUL; may be anything
 * @request: filled on success
 * @error: a whole error reply otherwise; a new reference
 *
 * 0; -EINVAL for a call that cannot be carried out, which gets @error as its
 * reply; -EBADMSG for what is no call at all: the other side does not speak
 * the protocol, and after @error the connection should be closed. A call that
 * wants no reply has @error == NULL.
 */
int varlink_parse(const char *bytes, size_t len,
		  struct varlink_request *request, json_t **error);

/**
 * varlink_reply - a reply message
 * @parameters: an object; the reference is taken over
 * @continues: further replies to the same call follow
 */
json_t *varlink_reply(json_t *parameters, bool continues);

/**
 * varlink_error - an error reply
 * @name: qualified, such as VARLINK_ERROR "Refused"
 * @parameters: an object, taken over; or NULL
 */
json_t *varlink_error(const char *name, json_t *parameters);

/**
 * varlink_generation_error - why a generation cannot be used
 * @rc: -ENOENT: there is none of this number; -EBADMSG: it is not what was
 *	written; other -errno: of reading it
 */
json_t *varlink_generation_error(uint64_t number, int rc);

/** varlink_info - parameters of the reply to GetInfo; a new reference */
json_t *varlink_info(void);

/** varlink_description - what an interface offers, or NULL if unknown */
const char *varlink_description(const char *interface);

#endif
