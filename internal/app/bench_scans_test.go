// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/store/storetest"
)

// Every scan over real connections is led on and counted once, on both engines; how fast is for the measurement to say.
func TestEveryScanIsCounted(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := app.BenchScans{Folder: t.TempDir(), Rate: 500, Codes: 20, Phones: 8, Length: time.Second}
			if engine == "postgres" {
				b.Database = storetest.NewDatabase(t).URL
			}
			got, err := b.Run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got.Engine != engine || got.Asked != 500 || got.Failed != 0 || got.Kept != 500 {
				t.Errorf("%+v", got)
			}
		})
	}
}
