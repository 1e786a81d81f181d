// SPDX-License-Identifier: Apache-2.0

package campaign

import "context"

// Draw is reading a picture: no other is read until done.
func (s *Service) Draw(ctx context.Context) (done func(), err error) { return s.draw(ctx) }
