package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func storedExtended(x loyalty.Extended) extendedDoc {
	return extendedDoc{int32(x.Lot), int32(x.From), x.Times, int64(x.Points)}
}

func (d extendedDoc) extended() loyalty.Extended {
	return loyalty.Extended{
		Lot: calendar.Date(d.Lot), From: calendar.Date(d.From), Times: d.Times, Points: loyalty.Points(d.Points),
	}
}

func storedNotice(n loyalty.Notice) noticeDoc {
	return noticeDoc{string(n.What), n.Subject, Millis(n.At), n.Withdrawn}
}

func (d noticeDoc) notice() loyalty.Notice {
	return loyalty.Notice{What: loyalty.NoticeOf(d.What), Subject: d.Subject, At: Instant(d.At), Withdrawn: d.Withdrawn}
}
