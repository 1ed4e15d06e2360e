package jobs

// yearly is a program in which every reminder is due within a year.
const yearly = `version: 1
program: bluebird
name: Bluebird
points: { one: bean, other: beans }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00 }
    pending: 14 days
    expires: { after: 2 months, round_to: end_of_week }
  actions:
    - { id: welcome, event: member.joined, points: 50, limit: 1 ever }
    - { id: friends, event: referral.converted, points: { referrer: 200, friend: 100 } }
tiers:
  qualify: { by: points_earned, window: 3 months rolling }
  keep_for: 2 months
  grace: 10 days
  levels:
    - { id: bronze, name: Bronze, from: 0 }
    - { id: silver, name: Silver, from: 150 }
    - { id: gold, name: Gold, from: 600 }
rewards:
  - { id: mug, type: free_product, cost: 150, sku: MUG, codes: { from: generated, valid: 30 days } }
  - { id: tasting, type: experience, cost: 700 }
redemption: { hold: 7 days }
reminders:
  quiet_hours: { from: "20:00", until: "09:00" }
  frequency_caps: { email: 2 per week, sms: 1 per week, any: 1 per day }
  holdout: 10%
  wait_after_ignored: 2 days
  stop_after_ignored: 6
  messages:
    - { id: expire, before: points.expire, by: [14 days, 3 days], channels: [email, sms] }
    - { id: active, after: points.active, channels: [push, email] }
    - { id: unspent, after: balance.unredeemed, by: [20 days, 40 days], channels: [email], min_points: 60 }
    - { id: away, after: member.inactive, by: 45 days, channels: [email, sms] }
    - { id: nearly, near: next_reward, within: 40, channels: [sms, email], limit: 1 per month }
    - { id: nearly-up, near: next_tier, within: 60, channels: [email] }
    - { id: at-risk, before: tier.expire, by: 20 days, channels: [email] }
    - { id: unused, after: reward.claimed, by: 7 days, channels: [email] }
    - { id: ending, before: code.expire, by: 3 days, channels: [email] }
    - { id: held, before: hold.expire, by: 2 days, channels: [email] }
    - { id: birthday, after: member.birthday, channels: [email] }
    - { id: years, after: member.anniversary, channels: [email] }
    - { id: welcome, after: member.joined, channels: [email] }
    - { id: stuck, after: referral.stuck, by: [3 days, 10 days], channels: [email] }
    - { id: how-was-it, after: order.completed, by: 3 days, channels: [email], limit: 1 per month }
    - { id: winter, on: ["12-20"], channels: [email, sms], title: Winter, text: Winter is here. }
`
