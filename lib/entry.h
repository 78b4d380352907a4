/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ENTRY_H
#define SEKIMORI_ENTRY_H

#include "model.h"
#include "setting.h"

/*
 * One group of settings into what the model has for it, which must be zero but
 * for the place of its name. What cannot be used is reported and left out.
 */
void entry_read_gateway(struct reader *reader, const config_setting_t *settings,
			struct model *model);
void entry_read_log(struct reader *reader, const config_setting_t *settings,
		    struct model *model);
void entry_read_control(struct reader *reader, const config_setting_t *settings,
			struct model *model);
void entry_read_history(struct reader *reader, const config_setting_t *settings,
			struct model *model);
void entry_read_watch(struct reader *reader, const config_setting_t *settings,
		      struct model *model);

/** entry_read_sysctls - add an array of claims; there may be several arrays */
void entry_read_sysctls(struct reader *reader, const config_setting_t *array,
			struct model *model);
void entry_read_zone(struct reader *reader, const config_setting_t *settings,
		     struct model_zone *zone);
void entry_read_host(struct reader *reader, const config_setting_t *settings,
		     struct model_host *host);
void entry_read_service(struct reader *reader, const config_setting_t *settings,
			struct model_service *service);
void entry_read_list(struct reader *reader, const config_setting_t *settings,
		     struct model_list *list);
void entry_read_conduit(struct reader *reader, const config_setting_t *settings,
			struct model_conduit *conduit);

/** entry_read_trial - @trial->must_pass says of which kind it is */
void entry_read_trial(struct reader *reader, const config_setting_t *settings,
		      struct model_trial *trial);

#endif
