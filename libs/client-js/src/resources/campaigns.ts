import { segment, type CallOptions, type Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { ListCall, Page } from '../pages.js';
import type { KeptCampaign } from '../types/answers.js';
import type { Campaign, CampaignQuery, NewCampaign } from '../types/requests.js';

/** `/campaigns` */
export class Campaigns {
  constructor(private readonly transport: Transport) {}

  create(campaign: NewCampaign, options?: CallOptions): Call<KeptCampaign> {
    return this.transport.post('/campaigns', campaign, options);
  }

  get(id: string, options?: CallOptions): Call<KeptCampaign> {
    return this.transport.get(`/campaigns/${segment(id)}`, options);
  }

  list(query?: CampaignQuery, options?: CallOptions): ListCall<KeptCampaign, Page<KeptCampaign>> {
    return this.transport.list('/campaigns', query, options);
  }

  update(id: string, changes: Partial<Campaign>, options?: CallOptions): Call<KeptCampaign> {
    return this.transport.patch(`/campaigns/${segment(id)}`, changes, options);
  }

  delete(id: string, options?: CallOptions): Call<void> {
    return this.transport.delete(`/campaigns/${segment(id)}`, options);
  }
}
