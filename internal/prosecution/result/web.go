// SPDX-License-Identifier: Apache-2.0

package result

import "waylight/internal/platform/web"

func (s *Service) routes() []web.Route { return nil }
